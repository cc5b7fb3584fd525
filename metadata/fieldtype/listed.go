package fieldtype

import (
	"slices"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// listed is what all values kept as a list of texts share. In a CSV cell the texts
// stand between semicolons; where one of them could be misread, the cell is JSON.
type listed struct{}

func (listed) Storage() Storage { return List }
func (listed) Kind() Kind       { return ListKind }

func (listed) AppendJSON(dst []byte, stored any) []byte {
	dst = append(dst, '[')
	for i, s := range stored.([]string) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = metadata.AppendString(dst, s)
	}
	return append(dst, ']')
}

func (l listed) CSV(stored any) string {
	texts := stored.([]string)
	for _, s := range texts {
		if strings.ContainsAny(s, ";,\n") || strings.HasPrefix(s, "[") {
			return string(l.AppendJSON(nil, stored))
		}
	}
	return strings.Join(texts, "; ")
}

// items are the parts of an input that means a list: an array, or a text that is
// one, split at semicolons and newlines, else at commas. whole, if it likes the
// text as it is, is asked before the commas split it.
func items(in any, whole func(string) bool) ([]any, *fault.Fault) {
	switch in := in.(type) {
	case []any:
		return in, nil
	case []string:
		return list(in), nil
	case string:
		s := strings.TrimSpace(in)
		if s == "" {
			return nil, nil
		}
		if strings.HasPrefix(s, "[") {
			v, _ := metadata.ReadJSON([]byte(s), metadata.Limits{Depth: 1})
			if texts, ok := v.([]any); ok && !slices.ContainsFunc(texts, notText) {
				return texts, nil
			}
		}
		cut := ";\n"
		if !strings.ContainsAny(s, cut) {
			if whole(s) {
				return []any{s}, nil
			}
			cut = ","
		}
		return list(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(cut, r) })), nil
	}
	return nil, fault.New(fault.Invalid, "field.not_a_list", "value", show(in))
}

// gather reads each item with one, leaves out the empty and those whose key was
// there before, and returns nil for none.
func gather(in []any, max int, one func(any) (text, key string, problem *fault.Fault)) (any, *fault.Fault) {
	var texts []string
	seen := map[string]bool{}
	for _, item := range in {
		text, key, problem := one(item)
		if problem != nil {
			return nil, problem
		}
		if text == "" || seen[key] {
			continue
		}
		if len(texts) == max {
			return nil, fault.New(fault.Invalid, "field.too_many", "max", max)
		}
		seen[key] = true
		texts = append(texts, text)
	}
	if texts == nil {
		return nil, nil
	}
	return texts, nil
}

func notText(v any) bool {
	_, ok := v.(string)
	return !ok
}
