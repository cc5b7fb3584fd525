package metadata

import (
	"strconv"
	"strings"
)

var (
	escape   = strings.NewReplacer("~", "~0", "/", "~1")
	unescape = strings.NewReplacer("~1", "/", "~0", "~")
)

// EscapePointer writes a key as one step of a JSON pointer (RFC 6901).
func EscapePointer(key string) string {
	if !strings.ContainsAny(key, "~/") {
		return key
	}
	return escape.Replace(key)
}

// Steps splits a JSON pointer into keys; none for the whole.
func Steps(pointer string) []string {
	if pointer == "" {
		return nil
	}
	steps := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, step := range steps {
		steps[i] = unescape.Replace(step)
	}
	return steps
}

// Find is what a JSON pointer (RFC 6901) leads to in a decoded value; "" is the whole.
func Find(whole any, pointer string) (found any, ok bool) {
	for _, part := range Steps(pointer) {
		switch in := whole.(type) {
		case map[string]any:
			if whole, ok = in[part]; !ok {
				return nil, false
			}
		case []any:
			at, err := strconv.Atoi(part)
			if err != nil || at < 0 || at >= len(in) || strconv.Itoa(at) != part {
				return nil, false
			}
			whole = in[at]
		default:
			return nil, false
		}
	}
	return whole, true
}
