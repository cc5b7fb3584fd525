package stored

import (
	"strings"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/metadata/fieldtype"
)

// Referred splits a stored reference in the field into object and id.
func (f *Field) Referred(v any) (object string, key int64) { return Referred(f.Refers, v) }

// Referred splits a stored reference into object and id; both are empty of an empty one.
func Referred(refers fieldtype.Refers, v any) (object string, key int64) {
	switch v := v.(type) {
	case int64:
		return refers.Targets()[0], v
	case string:
		object, text, _ := strings.Cut(v, "/")
		parsed, _ := id.Parse(text)
		return object, int64(parsed)
	}
	return "", 0
}

// Reference is the stored form of a reference to a record in a field.
func Reference(f *catalog.Field, object string, key id.ID) any {
	if f.Column.Storage == fieldtype.Text {
		return object + "/" + key.String()
	}
	return int64(key)
}
