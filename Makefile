# feedmill
#
#	make run	install what is missing, build, run with conf/feedmill.yaml
#	make demo	the same without a network: made-up sources, several steps
#	make check	everything that is tested, ends with "Result: PASS"
#	make		build build/feedmill
#	make install	DESTDIR= PREFIX=/usr/local
#	make help	all targets

BUILD	 ?= build
PREFIX	 ?= /usr/local
DESTDIR	 ?=
VERSION	 := 0.1.0

# ---------------------------------------------------------------- packages
# By name, as Debian 12 has them.

DEPS_BUILD = gcc make pkg-config libc6-dev libcurl4-openssl-dev libexpat1-dev \
	libev-dev libsqlite3-dev libmicrohttpd-dev libfyaml-dev libgumbo-dev \
	libuchardet-dev libjansson-dev libc-ares-dev libdeflate-dev \
	libxxhash-dev zlib1g-dev ca-certificates

DEPS_DEMO = python3

DEPS_CHECK = perl python3 clang libclang-rt-14-dev libcmocka-dev valgrind \
	newsboat sfeed jing libxml2-utils sqlite3 mandoc git procps openssl \
	python3-yaml iproute2

# ------------------------------------------------------------------- flags

PKGS	 = libcurl expat sqlite3 libmicrohttpd libfyaml gumbo uchardet jansson \
	libcares libdeflate libxxhash zlib

# Asked for once, and only when something is compiled: this file has to
# parse on a machine that has no pkg-config yet.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)

WARNINGS = -std=gnu11 -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wconversion -Wpointer-arith \
	-Werror=implicit-function-declaration $(WERROR)
HARDEN	 = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
CFLAGS	?= -O2 -g
SANITIZE_FLAGS = -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -O1 -g
ALL_CFLAGS = $(WARNINGS) -Iinclude -D_GNU_SOURCE \
	-DFEEDMILL_VERSION='"$(VERSION)"' -pthread $(PKG_CFLAGS) \
	$(if $(SANITIZE),$(SANITIZE_FLAGS),$(CFLAGS) $(HARDEN)) \
	$(EXTRA_CFLAGS) $(CPPFLAGS)
ALL_LDFLAGS = -pthread $(if $(SANITIZE),$(SANITIZE_FLAGS),-pie \
	-Wl,-z,relro,-z,now) $(EXTRA_CFLAGS) $(LDFLAGS)
LIBS	 = $(PKG_LIBS) -lev -lm

# ----------------------------------------------------------------- sources

SRCS	 := $(sort $(filter-out src/main.c,$(wildcard src/*.c src/*/*.c)))
OBJS	 = $(SRCS:%.c=$(BUILD)/%.o)
LIB	 = $(BUILD)/libfeedmill.a
UNITS	 := $(sort $(wildcard tests/unit/test_*.c))
FUZZERS	 := $(sort $(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all
all: $(BUILD)/feedmill

# Everything but main() is one library: the daemon, the tests and the
# fuzzers all link the same objects.
$(LIB): $(OBJS)
	@rm -f $@
	@$(AR) rcs $@ $^

$(BUILD)/feedmill: $(BUILD)/src/main.o $(LIB)
	@echo "  LD      $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIB)
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

# Replays its arguments without libFuzzer: what make check links.
$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o \
    $(BUILD)/tests/fuzz/replay.o $(LIB)
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

.PHONY: units
units: $(UNITS:%.c=$(BUILD)/%)

.SECONDARY:
-include $(OBJS:.o=.d) $(BUILD)/src/main.d \
	$(UNITS:%.c=$(BUILD)/%.d) $(FUZZERS:%.c=$(BUILD)/%.d)
