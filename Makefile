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

DEPS_BROWSER = chromium
DEPS_JEKYLL = jekyll ruby-jekyll-relative-links python3-html5lib

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

# One a line: what is here is linked, and a stray file is not.
SRCS = \
	src/agenda.c \
	src/archive/archive.c \
	src/archive/forget.c \
	src/archive/front.c \
	src/archive/lists.c \
	src/archive/read.c \
	src/ask.c \
	src/ask_words.c \
	src/base/arena.c \
	src/base/buf.c \
	src/base/clock.c \
	src/base/date.c \
	src/base/date_common.c \
	src/base/date_day.c \
	src/base/date_names.c \
	src/base/date_parse.c \
	src/base/date_tokens.c \
	src/base/err.c \
	src/base/file.c \
	src/base/hash.c \
	src/base/limits.c \
	src/base/link.c \
	src/base/log.c \
	src/base/mem.c \
	src/base/systemd.c \
	src/base/text.c \
	src/base/text_escape.c \
	src/base/text_units.c \
	src/base/url.c \
	src/base/url_canonical.c \
	src/base/url_escape.c \
	src/base/url_parts.c \
	src/base/url_show.c \
	src/cadence.c \
	src/commands/add.c \
	src/commands/check.c \
	src/commands/commands.c \
	src/commands/conf.c \
	src/commands/data.c \
	src/commands/db.c \
	src/commands/discover.c \
	src/commands/export.c \
	src/commands/feeds.c \
	src/commands/fetch.c \
	src/commands/forget.c \
	src/commands/import.c \
	src/commands/mill.c \
	src/commands/parse.c \
	src/commands/search.c \
	src/commands/version.c \
	src/config/check.c \
	src/config/config.c \
	src/config/dump.c \
	src/config/help.c \
	src/config/lines.c \
	src/config/merge.c \
	src/config/opml.c \
	src/config/options.c \
	src/config/report.c \
	src/config/secret.c \
	src/config/seen.c \
	src/config/select.c \
	src/config/settings.c \
	src/config/suggest.c \
	src/config/text.c \
	src/config/value.c \
	src/config/yaml.c \
	src/control/address.c \
	src/control/client.c \
	src/control/control.c \
	src/daemon/answers.c \
	src/daemon/apply.c \
	src/daemon/daemon.c \
	src/daemon/day.c \
	src/daemon/desk.c \
	src/daemon/search.c \
	src/daemon/status.c \
	src/daemon/turns.c \
	src/delta.c \
	src/fetch/exchange.c \
	src/fetch/fetch.c \
	src/fetch/headers.c \
	src/fetch/hop.c \
	src/fetch/inflate.c \
	src/fetch/lane.c \
	src/fetch/order.c \
	src/fetch/outcome.c \
	src/fetch/site.c \
	src/fetch/transfer.c \
	src/hsts.c \
	src/html/attribute.c \
	src/html/drop.c \
	src/html/find.c \
	src/html/guard.c \
	src/html/html.c \
	src/html/parse.c \
	src/html/place.c \
	src/html/policy.c \
	src/html/text.c \
	src/html/token.c \
	src/html/url.c \
	src/hub.c \
	src/identify.c \
	src/import/batch.c \
	src/import/import.c \
	src/import/note.c \
	src/import/read.c \
	src/import/send.c \
	src/import/take.c \
	src/keep.c \
	src/metrics.c \
	src/mill/end.c \
	src/mill/forget.c \
	src/mill/hosts.c \
	src/mill/keep.c \
	src/mill/mill.c \
	src/mill/questions.c \
	src/mill/sources.c \
	src/mill/wish.c \
	src/model.c \
	src/normalise.c \
	src/normalise_text.c \
	src/outage.c \
	src/parse/charset.c \
	src/parse/containers.c \
	src/parse/decode.c \
	src/parse/entity.c \
	src/parse/fields.c \
	src/parse/hints.c \
	src/parse/json.c \
	src/parse/json_repair.c \
	src/parse/json_slice.c \
	src/parse/links.c \
	src/parse/media.c \
	src/parse/names.c \
	src/parse/opml.c \
	src/parse/parse.c \
	src/parse/person.c \
	src/parse/reader.c \
	src/parse/repair.c \
	src/parse/repair_names.c \
	src/parse/repair_scan.c \
	src/parse/repair_text.c \
	src/parse/scope.c \
	src/parse/tags.c \
	src/parse/texts.c \
	src/parse/values.c \
	src/publish/documents.c \
	src/publish/forget.c \
	src/publish/found.c \
	src/publish/notes.c \
	src/publish/pages.c \
	src/publish/publish.c \
	src/publish/twin.c \
	src/publish/window.c \
	src/publish/write.c \
	src/render/atom.c \
	src/render/day_html.c \
	src/render/door_html.c \
	src/render/export.c \
	src/render/file_name.c \
	src/render/format.c \
	src/render/html.c \
	src/render/json.c \
	src/render/list.c \
	src/render/opml.c \
	src/render/parse_json.c \
	src/render/post.c \
	src/render/quote.c \
	src/render/rss.c \
	src/render/search_html.c \
	src/render/search_json.c \
	src/render/text.c \
	src/resolve/ares.c \
	src/resolve/guard.c \
	src/resolve/resolve.c \
	src/rounds.c \
	src/schedule.c \
	src/serve/answer.c \
	src/serve/call.c \
	src/serve/delta.c \
	src/serve/fields.c \
	src/serve/file.c \
	src/serve/http.c \
	src/serve/peer.c \
	src/serve/query.c \
	src/serve/send.c \
	src/serve/serve.c \
	src/serve/shape.c \
	src/serve/socket.c \
	src/serve/watch.c \
	src/status/chart.c \
	src/status/html.c \
	src/status/status.c \
	src/store/backup.c \
	src/store/check.c \
	src/store/checkpoint.c \
	src/store/chores.c \
	src/store/days.c \
	src/store/db.c \
	src/store/decide.c \
	src/store/extra.c \
	src/store/forget.c \
	src/store/group.c \
	src/store/hosts.c \
	src/store/index.c \
	src/store/known.c \
	src/store/lists.c \
	src/store/lock.c \
	src/store/match.c \
	src/store/mend.c \
	src/store/newest.c \
	src/store/owner.c \
	src/store/places.c \
	src/store/plan.c \
	src/store/reader.c \
	src/store/records.c \
	src/store/retention.c \
	src/store/rows.c \
	src/store/saves.c \
	src/store/schema.c \
	src/store/search.c \
	src/store/sources.c \
	src/store/statements.c \
	src/store/store.c \
	src/store/task.c \
	src/store/tokenizer.c \
	src/store/upkeep.c \
	src/store/visit.c \
	src/store/visits.c \
	src/store/which.c \
	src/store/writer.c \
	src/worker.c
OBJS	 = $(SRCS:%.c=$(BUILD)/%.o)
MAIN	 = $(BUILD)/src/main.o
LIB	 = $(BUILD)/libfeedmill.a
UNITS	 := $(sort $(wildcard tests/unit/test_*.c))
FUZZERS	 := $(sort $(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all
all: $(BUILD)/feedmill
	@:

# Everything but main() is one library: the daemon, the tests and the
# fuzzers all link the same objects.
$(LIB): $(OBJS)
	@rm -f $@
	@$(AR) rcs $@ $^

$(BUILD)/feedmill: $(MAIN) $(LIB)
	@echo "  LD      $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIB)
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

$(BUILD)/tests/tools/%: $(BUILD)/tests/tools/%.o $(LIB)
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(LIB)
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Calls that are to fail, or to be counted, are led into the program.
TORTURE	  = $(BUILD)/tests/torture/torture
TORTURE_OBJS = $(patsubst %.c,$(BUILD)/%.o,$(sort \
	$(wildcard tests/torture/*.c)))
WRAPPED	  = XML_ParserCreate buf_try_reserve clock_wall_ms close fetch_active \
	fetch_bytes_in_flight fetch_free fetch_new fetch_release \
	fetch_start fetch_use_hsts fsync ftruncate index_step log_write \
	mkdir open openat pread pwrite read renameat retention_step \
	store_visit unlinkat write

$(TORTURE): $(TORTURE_OBJS) $(LIB)
	@echo "  LD      $@"
	@$(CC) $(ALL_LDFLAGS) $(WRAPPED:%=-Wl,--wrap=%) -o $@ $^ $(LIBS)

# Replays its arguments without libFuzzer: what make check links.
$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o \
    $(BUILD)/tests/fuzz/replay.o $(LIB)
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

.PHONY: units
units: $(UNITS:%.c=$(BUILD)/%)
	@:

.SECONDARY:
-include $(OBJS:.o=.d) $(MAIN:.o=.d) \
	$(UNITS:%.c=$(BUILD)/%.d) $(FUZZERS:%.c=$(BUILD)/%.d) \
	$(TORTURE_OBJS:.o=.d)

# Compiled, not linked and not run: a second compiler's opinion.
.PHONY: objects
objects: $(OBJS) $(MAIN) $(UNITS:%.c=$(BUILD)/%.o) \
    $(FUZZERS:%.c=$(BUILD)/%.o) $(TORTURE_OBJS)
	@:

# -------------------------------------------------------------------- deps

# Installs what is missing of the packages $(1) lists; says nothing and asks
# no network when nothing is.
define install_missing
@command -v dpkg-query >/dev/null || { \
	echo "feedmill: not a Debian system, so install by hand what" \
	    "stands for:" $(1) >&2; exit 0; }; \
have=$$(dpkg-query -W -f '$${db:Status-Status}=$${Package} ' $(1) \
    2>/dev/null); \
missing=; \
for name in $(1); do \
	case " $$have" in \
	*" installed=$$name "*) ;; \
	*) missing="$$missing $$name";; \
	esac; \
done; \
test -n "$$missing" || exit 0; \
as_root=; \
if [ "$$(id -u)" -ne 0 ]; then \
	as_root=sudo; \
	command -v sudo >/dev/null || { \
		echo "feedmill: these packages are missing and neither" \
		    "root nor sudo is at hand; ask for:" \
		    "apt-get install$$missing" >&2; exit 1; }; \
fi; \
echo "Installing:$$missing"; \
$$as_root apt-get -q update && \
$$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
    --no-install-recommends $$missing
endef

.PHONY: deps deps-build deps-demo deps-check deps-browser deps-jekyll
deps: deps-build deps-demo deps-check
deps-build:
	$(call install_missing,$(DEPS_BUILD))
deps-demo: deps-build
	$(call install_missing,$(DEPS_DEMO))
deps-check: deps-demo
	$(call install_missing,$(DEPS_CHECK))
deps-browser: deps-demo
	$(call install_missing,$(DEPS_BROWSER) perl)
deps-jekyll: deps-check
	$(call install_missing,$(DEPS_JEKYLL))

# --------------------------------------------------------------------- run

# Built by a make of its own: pkg-config may have come with deps-build a
# moment ago.  As many jobs as there are processors, unless told otherwise.
JOBS	?= $(shell nproc 2>/dev/null || echo 2)
SUBMAKE	 = +@$(MAKE) --no-print-directory \
	$(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

.PHONY: run demo
run: deps-build
	$(SUBMAKE) all
	@exec $(BUILD)/feedmill -c conf/feedmill.yaml --state ./var run

demo: deps-demo
	$(SUBMAKE) all
	@exec python3 conf/demo/demo.py $(BUILD)/feedmill

# ------------------------------------------------------------------- check

REPLAYS	  = $(FUZZERS:tests/fuzz/fuzz_%.c=$(BUILD)/tests/fuzz/replay_%)
SCENARIOS := $(sort $(wildcard tests/scenario/*.t))
# Nothing may hang for ever: a test program that does is killed and named.
# An allocation that is refused is something the program has to bear.
TEST_ENV  = ASAN_OPTIONS=allocator_may_return_null=1 \
	UBSAN_OPTIONS=print_stacktrace=1
PROVE	  = prove -j2 -e 'timeout -k 10 420'

.PHONY: check check-builds fuzz-replay
check: deps-check
	$(SUBMAKE) check-builds
	@FEEDMILL_TEST_BUILD=build/asan FEEDMILL_RELEASE=$(CURDIR)/build/feedmill \
	    FEEDMILL=$(CURDIR)/build/asan/feedmill $(TEST_ENV) \
	    $(PROVE) tests/layers.sh tests/replay.t tests/manuals.t \
	    tests/torture.t $(SCENARIOS) $(UNITS:%.c=build/asan/%) </dev/null

# Three builds: what is shipped, what the tests run, what clang thinks.
check-builds:
	$(SUBMAKE) BUILD=build WERROR=-Werror all build/$(TORTURE:$(BUILD)/%=%)
	$(SUBMAKE) BUILD=build/asan WERROR=-Werror SANITIZE=1 all units replays
	$(SUBMAKE) BUILD=build/clang WERROR=-Werror CC=clang objects

# Every fault of the disk and of memory there is, at every moment: some
# 24,000, half an hour (TORTURE_FLAGS='-t 60' for a minute of them; make check
# takes 500).  Then the program as it is shipped, killed at every call.
.PHONY: torture
torture: deps-check
	$(SUBMAKE) all $(TORTURE)
	@$(TORTURE) -j $(JOBS) $(TORTURE_FLAGS)
	@FEEDMILL_RELEASE=$(BUILD)/feedmill tests/torture/killpoint.py

.PHONY: replays
replays: $(REPLAYS)
	@:

fuzz-replay:
	$(SUBMAKE) BUILD=build/asan SANITIZE=1 replays
	@FEEDMILL_TEST_BUILD=build/asan $(TEST_ENV) $(PROVE) tests/replay.t

# What a browser makes of it: apart from make check, because Chromium is
# 300 MB and takes its minute.
BROWSER	  := $(sort $(wildcard tests/browser/*.t))

.PHONY: check-browser
check-browser: deps-browser
	$(SUBMAKE) BUILD=build all build/tests/tools/sanitise
	@FEEDMILL_TEST_BUILD=build FEEDMILL=build/feedmill \
	    $(PROVE) $(BROWSER) </dev/null

# What Jekyll makes of an archive: apart as well, because of all of Ruby.
.PHONY: check-jekyll
check-jekyll: deps-jekyll
	$(SUBMAKE) BUILD=build all
	@FEEDMILL_TEST_BUILD=build FEEDMILL=build/feedmill \
	    $(PROVE) tests/jekyll/jekyll.t </dev/null

# -------------------------------------------------------------------- fuzz

TIME	?= 60
FUZZ_FLAGS = -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all -g -O1

# Every fuzzer for TIME seconds, from the checked-in corpus; what is found
# stays under build/fuzz.
.PHONY: fuzz fuzzers
fuzz:
	$(SUBMAKE) BUILD=build/fuzz CC=clang CFLAGS='$(FUZZ_FLAGS)' HARDEN= \
	    fuzzers
	@tests/fuzz/run.sh build/fuzz $(TIME)

fuzzers: $(FUZZERS:%.c=$(BUILD)/%)
	@:

$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(LIB)
	@echo "  LD      $@"
	@$(CC) -fsanitize=fuzzer,address,undefined $(ALL_LDFLAGS) -o $@ $^ \
	    $(LIBS)

# ------------------------------------------------------------ measurements

.PHONY: bench soak
bench: deps-demo
	$(SUBMAKE) all
	@python3 tests/bench/bench.py $(BUILD)/feedmill

# All of 10,000 sources due at once; the store alone, in a folder of its own.
.PHONY: bench-burst bench-store
bench-burst: deps-demo
	$(SUBMAKE) all
	@python3 tests/bench/burst.py $(BUILD)/feedmill

bench-store: deps-build
	$(SUBMAKE) $(BUILD)/tests/bench/store
	@dir=$$(mktemp -d) && $(BUILD)/tests/bench/store $$dir/store.db; \
	    rm -rf "$$dir"

# One new entry published, with 800 and with 200 entries shown, in a small and
# in a large database: filling that takes minutes (ENTRIES=0 leaves it out).
# FOLDER keeps both for the next time.
ENTRIES	?= 1000000
FOLDER	?=
.PHONY: bench-publish
bench-publish: deps-build
	$(SUBMAKE) $(BUILD)/tests/bench/publish_cost
	@dir="$(FOLDER)"; test -n "$$dir" || dir=$$(mktemp -d); \
	for n in 1000 $(filter-out 0,$(ENTRIES)); do for shown in 800 200; do \
	for f in atom "atom, json, html, opml"; do mkdir -p "$$dir/$$n" && \
	    $(BUILD)/tests/bench/publish_cost "$$dir/$$n" $$n 60 "$$f" \
	    forever $$shown || exit 1; \
	done; done; done; test -n "$(FOLDER)" || rm -rf "$$dir"

# HOURS of polling changing sources, watching memory, descriptors and truth;
# then HOURS of being killed at any moment; then HOURS of everything at once.
HOURS	?= 0.1
soak: deps-demo
	$(SUBMAKE) all
	@python3 tests/bench/soak.py $(BUILD)/feedmill $(HOURS)
	@python3 tests/bench/kills.py $(BUILD)/feedmill $(HOURS)
	@python3 tests/bench/chaos.py $(BUILD)/feedmill $(HOURS)

# ----------------------------------------------------------------- install

BINDIR	   = $(DESTDIR)$(PREFIX)/bin
MANDIR	   = $(DESTDIR)$(PREFIX)/share/man
UNITDIR	   = $(DESTDIR)$(PREFIX)/lib/systemd/system
SYSUSERS   = $(DESTDIR)$(PREFIX)/lib/sysusers.d
CONFDIR	   = $(DESTDIR)/etc/feedmill
SHARE	   = $(DESTDIR)$(PREFIX)/share
COMPLETION = $(SHARE)/bash-completion/completions/feedmill
COMPLETION_FISH = $(SHARE)/fish/vendor_completions.d/feedmill.fish
COMPLETION_ZSH = $(SHARE)/zsh/site-functions/_feedmill
MANUALS	  := $(sort $(wildcard src/*.[158]))

.PHONY: install uninstall
install: all
	install -D -m 755 $(BUILD)/feedmill $(BINDIR)/feedmill
	$(foreach m,$(MANUALS),install -D -m 644 $(m) \
	    $(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m));)
	test -e $(CONFDIR)/feedmill.yaml || { install -d $(CONFDIR) && \
	    sed 's|^# state: /var/lib/feedmill|state: /var/lib/feedmill|' \
	    conf/feedmill.yaml > $(CONFDIR)/feedmill.yaml && \
	    chmod 644 $(CONFDIR)/feedmill.yaml; }
	install -d $(UNITDIR)
	sed 's|/usr/bin/feedmill|$(PREFIX)/bin/feedmill|g' \
	    systemd/feedmill.service > $(UNITDIR)/feedmill.service
	install -m 644 systemd/feedmill.socket $(UNITDIR)/feedmill.socket
	install -D -m 644 systemd/feedmill.sysusers $(SYSUSERS)/feedmill.conf
	install -D -m 644 conf/completions/feedmill.bash $(COMPLETION)
	install -D -m 644 conf/completions/feedmill.fish $(COMPLETION_FISH)
	install -D -m 644 conf/completions/_feedmill $(COMPLETION_ZSH)

# The configuration and the data stay: they are yours.
uninstall:
	rm -f $(BINDIR)/feedmill $(UNITDIR)/feedmill.service \
	    $(UNITDIR)/feedmill.socket $(SYSUSERS)/feedmill.conf \
	    $(COMPLETION) $(COMPLETION_FISH) $(COMPLETION_ZSH) \
	    $(foreach m,$(MANUALS),\
	    $(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m)))

# -------------------------------------------------------------------- rest

.PHONY: clean help
clean:
	rm -rf build

help:
	@echo 'make run             install what is missing, build, run'
	@echo 'make demo            several rounds of made-up sources, no network'
	@echo 'make check           all tests; the last line is Result: PASS'
	@echo 'make                 build build/feedmill (SANITIZE=1 or CC=clang: with a'
	@echo '                     BUILD=folder of its own)'
	@echo 'make deps            only install what is missing (deps-build: to build)'
	@echo 'make check-browser   what Chromium makes of the pages'
	@echo 'make check-jekyll    what Jekyll makes of an archive'
	@echo 'make units           build the unit tests of BUILD'
	@echo 'make fuzz TIME=60    every fuzzer for TIME seconds'
	@echo 'make fuzz-replay     every fuzzer over its corpus'
	@echo 'make bench           a small measurement of whole rounds'
	@echo 'make torture         fail every call that touches a file'
	@echo 'make bench-burst     10,000 sources due at once; also bench-store,'
	@echo '                     bench-publish ENTRIES=1000000'
	@echo 'make soak HOURS=0.1  watch for leaks, then be killed at any moment'
	@echo 'make install         DESTDIR= PREFIX=/usr/local; also uninstall'
	@echo 'make clean           remove build; ./var, the data, stays'
