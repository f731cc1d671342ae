/* test_publish_twin.c - a twin made out of another is the one that is made
 * from nothing, and the document's. */
#include <stdio.h>
#include <zlib.h>

#include "feedmill/base/buf.h"
#include "feedmill/base/mem.h"
#include "../../src/publish/twin.h"
#include "unit.h"

enum { ITEMS_MAX = 400, LARGE = 4 << 20 };

/* An item is a seed and a length: the same give the same bytes. */
struct item {
	uint64_t	 seed;
	size_t		 len;
};

struct text {
	struct item	 items[ITEMS_MAX];
	size_t		 count;
	unsigned	 head;		/* changes with every publish */
	struct buf	 b;
	struct twin_cut	 cuts[ITEMS_MAX];
};

static uint64_t dice_state = 7;

static unsigned
dice(unsigned sides)
{
	dice_state = dice_state * 6364136223846793005u +
	    1442695040888963407u;
	return (unsigned)((dice_state >> 33) % sides);
}

static void
put_words(struct buf *b, const struct item *item)
{
	uint64_t n = item->seed;
	size_t end = b->len + item->len;

	while (b->len < end) {
		n = n * 6364136223846793005u + 1442695040888963407u;
		buf_printf(b, "<p>%llx word</p>",
		    (unsigned long long)(n >> 48));
	}
	b->len = end;
}

static void
write_text(struct text *t)
{
	buf_reset(&t->b);
	buf_printf(&t->b, "<head>%u</head>", t->head);
	for (size_t i = 0; i < t->count; i++) {
		const struct item *item = &t->items[i];

		put_words(&t->b, item);
		t->cuts[i] = (struct twin_cut){ t->b.len, item->len,
		    hash_64(t->b.data + t->b.len - item->len, item->len,
		    0) };
	}
	buf_puts(&t->b, "</end>");
}

static struct item
new_item(void)
{
	size_t len = dice(30) == 0 ? dice(100000) : dice(6000);

	return (struct item){ dice(1u << 30), dice(50) == 0 ? 0 : len };
}

static void
insert(struct text *t, size_t at)
{
	if (t->count == ITEMS_MAX)
		t->count--;
	memmove(&t->items[at + 1], &t->items[at],
	    (t->count - at) * sizeof(t->items[0]));
	t->items[at] = new_item();
	t->count++;
}

static void
change(struct text *t)
{
	size_t at = t->count > 1 ? dice((unsigned)t->count - 1) : 0;

	t->head += dice(2);
	switch (dice(6)) {
	case 0:
	case 1:
		insert(t, 0);
		break;
	case 2:
		insert(t, at);
		break;
	case 3:
		if (t->count > 0)
			t->count--;
		break;
	case 4:
		if (t->count > 0)
			t->items[at] = new_item();
		break;
	default:	/* two change places */
		if (t->count > 1) {
			struct item item = t->items[at];

			t->items[at] = t->items[at + 1];
			t->items[at + 1] = item;
		}
	}
}

static void
assert_inflates(const struct buf *gz, const struct buf *text)
{
	struct buf plain = { 0 };
	z_stream z = { 0 };

	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (Bytef *)gz->data;
	z.avail_in = (uInt)gz->len;
	z.next_out = (Bytef *)buf_reserve(&plain, text->len + 1);
	z.avail_out = (uInt)text->len + 1;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	assert_int_equal(z.total_out, text->len);
	assert_memory_equal(plain.data, text->data, text->len);
	inflateEnd(&z);
	assert_true(twin_fits(gz, text));
	buf_fini(&plain);
}

static void
change_some(struct text *t)
{
	for (unsigned k = dice(3); k > 0; k--)
		change(t);
}

/* Over the length from which on less effort is made, and back. */
static void
swing(struct text *t)
{
	size_t last = t->count - 1;

	assert_int_equal(t->b.len > LARGE, t->items[last].len > 5000);
	t->items[last].len = t->items[last].len > 5000 ? 3000 : 8000;
}

/* Step by step, each from the one before. */
static void
follow(struct text *t, unsigned steps, void (*next)(struct text *))
{
	struct twin was = { 0 };
	struct buf was_text = { 0 }, was_gz = { 0 };

	for (unsigned i = 0; i < steps; i++) {
		const struct twin_before before = { &was, &was_text,
		    &was_gz };
		struct twin now, scratch;
		struct buf gz = { 0 }, plainly = { 0 };

		if (i > 0)
			next(t);
		write_text(t);
		twin_make(&now, &gz, &t->b, t->cuts, t->count,
		    i > 0 ? &before : NULL);
		twin_make(&scratch, &plainly, &t->b, t->cuts, t->count,
		    NULL);
		assert_int_equal(gz.len, plainly.len);
		assert_memory_equal(gz.data, plainly.data, gz.len);
		assert_true(digest_equal(now.digest, scratch.digest));
		assert_inflates(&gz, &t->b);
		buf_reset(&was_text);
		buf_append(&was_text, t->b.data, t->b.len);
		buf_fini(&was_gz);
		was_gz = gz;
		twin_fini(&was);
		was = now;
		twin_fini(&scratch);
		buf_fini(&plainly);
	}
	twin_fini(&was);
	buf_fini(&was_text);
	buf_fini(&was_gz);
	buf_fini(&t->b);
}

static void
small(void **state)
{
	static struct text t;

	(void)state;
	for (unsigned count = 0; count < 40; count += 13) {
		t.count = 0;
		while (t.count < count)
			insert(&t, 0);
		follow(&t, 40, change_some);
	}
}

static void
large(void **state)
{
	static struct text t;
	size_t sum = 0;

	(void)state;
	for (t.count = 0; sum < LARGE - 5000; t.count++) {
		size_t left = LARGE - 5000 - sum;

		t.items[t.count] = (struct item){ t.count, left < 30000 ?
		    left : 30000 };
		sum += t.items[t.count].len;
	}
	t.items[t.count++] = (struct item){ 4711, 3000 };
	follow(&t, 6, swing);
}

/* One that was cut, made longer or is another's is none. */
static void
foreign(void **state)
{
	static struct text t;
	struct buf gz = { 0 };
	struct twin twin;

	(void)state;
	for (int i = 0; i < 20; i++)
		insert(&t, 0);
	write_text(&t);
	twin_make(&twin, &gz, &t.b, t.cuts, t.count, NULL);
	assert_true(twin_fits(&gz, &t.b));
	gz.len--;
	assert_false(twin_fits(&gz, &t.b));
	gz.len++;
	buf_putc(&gz, 'x');
	assert_false(twin_fits(&gz, &t.b));
	gz.len--;
	gz.data[gz.len / 2] ^= 1;
	assert_false(twin_fits(&gz, &t.b));
	gz.data[gz.len / 2] ^= 1;
	t.b.data[9]++;
	assert_false(twin_fits(&gz, &t.b));
	buf_reset(&gz);
	assert_false(twin_fits(&gz, &t.b));
	twin_fini(&twin);
	buf_fini(&gz);
	buf_fini(&t.b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small), cmocka_unit_test(large),
		cmocka_unit_test(foreign),
	};

	return UNIT_RUN(tests);
}
