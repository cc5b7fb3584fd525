package fieldtype

import (
	"formwork/engine/fault"
	"formwork/metadata"
)

// TagsType is a set of free short texts, compared without regard to case.
type TagsType struct{}

const maxTags, maxTag = 100, 64

func (TagsType) Name() string                   { return "tags" }
func (TagsType) SettingsSchema() map[string]any { return map[string]any{} }

func (TagsType) Bind(string, *metadata.Field, Context) (Value, []*fault.Fault) {
	return tagsValue{}, nil
}

type tagsValue struct{ listed }

func (tagsValue) Coerce(in any) (any, *fault.Fault) {
	parts, problem := items(in, func(string) bool { return false })
	if problem != nil {
		return nil, problem
	}
	return gather(parts, maxTags, func(item any) (string, string, *fault.Fault) {
		tag, problem := line(item, maxTag)
		return tag, Fold(tag), problem
	})
}

func (tagsValue) Schema() map[string]any {
	return map[string]any{"type": "array", "maxItems": maxTags, "uniqueItems": true,
		"items": map[string]any{"type": "string", "maxLength": maxTag}}
}
