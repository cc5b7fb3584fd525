package read

import (
	"reflect"
	"testing"

	"formwork/metadata/fieldtype"
)

func TestCursors(t *testing.T) {
	values := []any{nil, int64(-5), "a\x00ü", true, false, int64(1) << 62}
	storages := []fieldtype.Storage{fieldtype.Int, fieldtype.Int, fieldtype.Text, fieldtype.Bool, fieldtype.Bool, fieldtype.Int}
	mark := fingerprint("a", "b")
	cursor := encodeCursor(mark, values)
	if got, err := decodeCursor(cursor, mark, storages); err != nil || !reflect.DeepEqual(got, values) {
		t.Fatalf("%v %v", got, err)
	}
	if fingerprint("ab", "") == mark {
		t.Error("two queries have one fingerprint")
	}
	swapped := append([]fieldtype.Storage{fieldtype.Text, fieldtype.Text}, storages[2:]...)
	for name, bad := range map[string]error{
		"other query":   second(decodeCursor(cursor, mark+1, storages)),
		"other columns": second(decodeCursor(cursor, mark, swapped)),
		"fewer columns": second(decodeCursor(cursor, mark, storages[1:])),
		"cut":           second(decodeCursor(cursor[:len(cursor)-3], mark, storages)),
		"no base64":     second(decodeCursor("%%%", mark, storages)),
	} {
		if bad == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func FuzzCursor(f *testing.F) {
	storages := []fieldtype.Storage{fieldtype.Text, fieldtype.Int}
	f.Add(encodeCursor(7, []any{"text", int64(9)}))
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		values, err := decodeCursor(cursor, 7, storages)
		if err != nil {
			return
		}
		for i, v := range values {
			switch v.(type) {
			case nil:
			case string:
				if storages[i] != fieldtype.Text {
					t.Fatal("a text in a number's place")
				}
			case int64:
				if storages[i] != fieldtype.Int {
					t.Fatal("a number in a text's place")
				}
			default:
				t.Fatalf("%T", v)
			}
		}
	})
}
