package draft

import (
	"encoding/json"

	"formwork/engine/fault"
	"formwork/engine/record/stored"
)

// MaxSize bounds a record: the bytes of its values as JSON. What is written of a record
// beside it holds all of its values once (in the bin, and in the event of a deletion) or
// twice (in the history and the event of a change), and fits into a row of any store.
const MaxSize = 4 << 20

// CheckSize refuses a record that is larger than MaxSize. One that was larger before there
// was that bound may be changed as long as it doesn't grow.
func (d *Draft) CheckSize() {
	size := jsonSize(d.Row)
	if size > MaxSize && size > jsonSize(d.Old) {
		d.problem(fault.New(fault.TooLarge, "record.too_large", "max", MaxSize))
	}
}

// jsonSize is about how many bytes values take as JSON.
func jsonSize(row stored.Row) (size int) {
	for _, v := range row {
		switch v := v.(type) {
		case string:
			size += len(v) + escapes(v, 1)
		case json.RawMessage:
			size += len(v) + escapes(string(v), 0) // its quotes are there
		case []string:
			for _, one := range v {
				size += len(one) + escapes(one, 1) + 3
			}
		}
	}
	return size + 24*len(row)
}

// escapes is how many bytes more a text takes in JSON, where a quote takes some.
func escapes(s string, quote int) (more int) {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c == '<', c == '>', c == '&':
			more += 5
		case c == '"', c == '\\':
			more += quote
		}
	}
	return more
}
