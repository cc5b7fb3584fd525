package api

import (
	"encoding/json"
	"unicode/utf8"

	"formwork/metadata"
)

// maxDepth is how deep a JSON text may be nested.
const maxDepth = 64

// parse reads a JSON text whose size was bounded as it came in; see metadata.ReadJSON.
func parse(raw []byte) (any, error) {
	v, problem := metadata.ReadJSON(raw, metadata.Limits{Depth: maxDepth})
	if problem != nil {
		return nil, problem
	}
	return v, nil
}

// appendString appends a text as JSON.
func appendString(dst []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"')
	}
	raw, err := json.Marshal(s)
	if err != nil { // a string always has a JSON form
		panic(err)
	}
	return append(dst, raw...)
}
