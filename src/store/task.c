/* task.c - see task.h. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "task.h"

void
task_list_init(struct task_list *l)
{
	l->head = NULL;
	l->tail = &l->head;
}

void
task_list_add(struct task_list *l, struct task *t)
{
	t->next = NULL;
	*l->tail = t;
	l->tail = &t->next;
}

struct task *
task_list_pop(struct task_list *l)
{
	struct task *t = l->head;

	if (t == NULL)
		return NULL;
	l->head = t->next;
	if (l->head == NULL)
		l->tail = &l->head;
	t->next = NULL;
	return t;
}

void
task_list_join(struct task_list *l, struct task_list *from)
{
	if (from->head == NULL)
		return;
	*l->tail = from->head;
	l->tail = from->tail;
	task_list_init(from);
}

int
outbox_init(struct outbox *o, struct err *err)
{
	o->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (o->fd < 0)
		return err_set(err, "eventfd: %s", strerror(errno));
	task_list_init(&o->done);
	pthread_mutex_init(&o->lock, NULL);
	return 0;
}

void
outbox_fini(struct outbox *o)
{
	if (o->fd < 0)
		return;
	close(o->fd);
	o->fd = -1;
	pthread_mutex_destroy(&o->lock);
}

void
outbox_put(struct outbox *o, struct task_list *l)
{
	uint64_t one = 1;

	if (l->head == NULL)
		return;
	pthread_mutex_lock(&o->lock);
	task_list_join(&o->done, l);
	pthread_mutex_unlock(&o->lock);
	/* It can only refuse when it already is as readable as can be. */
	if (write(o->fd, &one, sizeof(one)) < 0)
		return;
}

void
outbox_take(struct outbox *o, struct task_list *ret)
{
	uint64_t count;

	/* Before the list is taken: what comes later wakes us again. */
	if (read(o->fd, &count, sizeof(count)) < 0)
		count = 0;
	task_list_init(ret);
	pthread_mutex_lock(&o->lock);
	task_list_join(ret, &o->done);
	pthread_mutex_unlock(&o->lock);
}
