/* What fs.c and fs_tree.c share. Never included from outside the room. */
#ifndef SEPAL_SYS_FS_INTERNAL_H
#define SEPAL_SYS_FS_INTERNAL_H

#include "sys/fs.h"

/* Asks fs_fault; when it is true errno says how the operation failed. */
bool fs_faulty(enum fs_op op, const char *path);
/* errno is one of those that mean "there is no such file". */
bool fs_errno_is_absence(void);
enum file_kind fs_kind_of_mode(unsigned mode);

#endif
