/*
 * Text inside XML 1.0 (https://www.w3.org/TR/xml/#charsets). What no escape makes part of an XML document (control
 * characters, bytes that are not UTF-8, two noncharacters) becomes U+FFFD; tabs and line ends stay what they are for
 * whoever parses it.
 */
#ifndef SEPAL_UI_XML_H
#define SEPAL_UI_XML_H

#include <stdint.h>

#include "base/buf.h"

void xml_add_text(const char *text, struct buf *out);
/* ` name="value"` */
void xml_add_attribute(const char *name, const char *value, struct buf *out);
void xml_add_number(const char *name, int64_t value, struct buf *out);

#endif
