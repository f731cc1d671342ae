/* list.h - the lists of model.h: in order, and never without end. */
#ifndef FEEDMILL_PARSE_LIST_H
#define FEEDMILL_PARSE_LIST_H

enum { LIST_MAX = 256 };	/* links, categories... of one entry */

#define LIST_APPEND(list, item) do {					\
	__typeof__(*(list)) *at_ = (list);				\
	int room_ = LIST_MAX;						\
									\
	while (*at_ != NULL && --room_ > 0)				\
		at_ = &(*at_)->next;					\
	if (*at_ == NULL)						\
		*at_ = (item);						\
} while (0)

#endif
