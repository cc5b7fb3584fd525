package file

import (
	"bytes"
	"path"
	"strings"
	"unicode/utf8"
)

// Unknown is the type of contents that are none of those known. Browsers do nothing with
// it but save it.
const Unknown = "application/octet-stream"

// headSize is how much of a file is looked at to know its type, in bytes.
const headSize = 3 << 10

// signature is how contents of a type begin.
type signature struct {
	offset int
	begins string
	kind   string
}

// signatures are the types that are known by their beginning. None of them is run by a
// browser: what has scripts (HTML, SVG, XML) is not here and never will be.
var signatures = []signature{
	{0, "\x89PNG\r\n\x1a\n", "image/png"},
	{0, "\xff\xd8\xff", "image/jpeg"},
	{0, "GIF87a", "image/gif"},
	{0, "GIF89a", "image/gif"},
	{8, "WEBP", "image/webp"},
	{0, "II*\x00", "image/tiff"},
	{0, "MM\x00*", "image/tiff"},
	{4, "ftypheic", "image/heic"},
	{4, "ftypavif", "image/avif"},
	{0, "%PDF-", "application/pdf"},
	{0, "{\\rtf", "application/rtf"},
	{0, "PK\x03\x04", "application/zip"},
	{0, "\x1f\x8b\x08", "application/gzip"},
	{0, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"},
	{4, "ftyp", "video/mp4"},
	{0, "\x1a\x45\xdf\xa3", "video/webm"},
	{0, "OggS", "audio/ogg"},
	{0, "ID3", "audio/mpeg"},
	{0, "fLaC", "audio/flac"},
	{8, "WAVE", "audio/wav"},
}

// byEnding are types that begin as others do, and differ by the ending of their name.
var byEnding = map[string]map[string]string{
	"application/zip": {
		".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
		".odt":  "application/vnd.oasis.opendocument.text",
		".ods":  "application/vnd.oasis.opendocument.spreadsheet",
		".odp":  "application/vnd.oasis.opendocument.presentation",
	},
	"application/x-ole-storage": {
		".doc": "application/msword",
		".xls": "application/vnd.ms-excel",
		".ppt": "application/vnd.ms-powerpoint",
		".msg": "application/vnd.ms-outlook",
	},
	"text/plain": {".csv": "text/csv"},
}

// kindOf is the type of contents that begin with head. The name only tells apart what
// begins alike.
func kindOf(head []byte, name string) string {
	kind := Unknown
	for _, s := range signatures {
		if len(head) > s.offset && bytes.HasPrefix(head[s.offset:], []byte(s.begins)) {
			kind = s.kind
			break
		}
	}
	if kind == Unknown && plainText(head) {
		kind = "text/plain"
	}
	if narrower, ok := byEnding[kind][strings.ToLower(path.Ext(name))]; ok {
		return narrower
	}
	return kind
}

// plainText holds for UTF-8 without control characters that does not begin as markup:
// some browser might take that for a page.
func plainText(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte("\uFEFF"))
	if len(head) >= headSize-utf8.UTFMax { // the last character may be cut
		for cut := 1; cut < utf8.UTFMax && !utf8.Valid(head); cut++ {
			head = head[:len(head)-1]
		}
	}
	text := bytes.TrimLeft(head, " \t\r\n")
	if len(text) == 0 || text[0] == '<' || !utf8.Valid(head) {
		return false
	}
	return !bytes.ContainsFunc(head, func(r rune) bool { return r < ' ' && r != '\t' && r != '\r' && r != '\n' && r != '\f' })
}

// raster are the types of pictures that may be shown in a page: they have no scripts.
var raster = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true}

// Shown reports whether contents of a type may be shown where they are, rather than
// saved.
func Shown(kind string) bool { return raster[kind] }
