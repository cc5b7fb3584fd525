package store_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// kept is a store.Loader that keeps what it is given, and its bytes as they are written.
type kept struct {
	format  int
	tables  []store.Table
	ends    []int64
	rows    [][]store.FullRow
	indexes [][]store.Index
}

func (k *kept) Stamp(format int) error { k.format = format; return nil }

func (k *kept) Table(t store.Table, end int64) error {
	k.tables, k.ends, k.rows = append(k.tables, t), append(k.ends, end), append(k.rows, nil)
	return nil
}

func (k *kept) Rows(rows []store.FullRow) error {
	last := len(k.rows) - 1
	k.rows[last] = append(k.rows[last], rows...)
	return nil
}

func (k *kept) Indexes(indexes []store.Index) error {
	k.indexes = append(k.indexes, indexes)
	return nil
}

func (k *kept) write(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w := store.NewDumpWriter(&out)
	errs := []error{w.Format(k.format)}
	for i, table := range k.tables {
		errs = append(errs, w.Table(table, k.ends[i]))
		for _, row := range k.rows[i] {
			errs = append(errs, w.Row(row))
		}
		if i < len(k.indexes) {
			errs = append(errs, w.Indexes(k.indexes[i]))
		}
	}
	if err := errors.Join(append(errs, w.End())...); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sample() *kept {
	column := func(name string, s fieldtype.Storage) query.Column { return query.Column{Name: name, Storage: s} }
	columns := []query.Column{column("flag", fieldtype.Bool), column("n:i2", fieldtype.Int), column("text", fieldtype.Text), column("tags", fieldtype.List), column("json", fieldtype.JSON)}
	return &kept{format: 3, ends: []int64{0, 7},
		tables: []store.Table{{Name: "lead", Columns: columns, Search: true}, {Name: "_log", Log: true}},
		rows: [][]store.FullRow{{
			{ID: 1 << 62, Values: []any{true, int64(-1 << 63), "", []string{}, json.RawMessage(`{"a":[1]}`)}, Words: []string{"a", "王"}},
			{ID: 2, Values: []any{false, int64(0), "a\x00\xff", []string{"", "x"}, nil}},
			{ID: 3, Values: make([]any, 5)},
		}, {{ID: 9, Position: 7, Values: []any{}}}},
		indexes: [][]store.Index{{
			{Name: "by", Columns: []store.IndexColumn{{Column: columns[1], Descending: true}, {Column: query.ID}}, Filled: true},
			{Name: "key", Columns: []store.IndexColumn{{Column: columns[2]}}, Unique: true},
		}, nil},
	}
}

// What is written is read again, whatever the values; and nothing that is cut off or
// longer is taken for a dump.
func TestDump(t *testing.T) {
	want := sample()
	raw := want.write(t)
	got := &kept{}
	if err := store.ReadDump(bytes.NewReader(raw), got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read was\n%+v, want\n%+v", got, want)
	}
	for n := range raw {
		if err := store.ReadDump(bytes.NewReader(raw[:n]), &kept{}); err == nil {
			t.Fatalf("the first %d bytes are taken for a dump", n)
		}
	}
	if err := store.ReadDump(bytes.NewReader([]byte("SQLite format 3\x00 and more")), &kept{}); !fault.Is(err, "store.foreign_dump") {
		t.Errorf("another file: %v", err)
	}
	broken := errors.New("broken")
	if err := store.ReadDump(io.MultiReader(bytes.NewReader(raw[:20]), failing{broken}), &kept{}); !errors.Is(err, broken) {
		t.Errorf("an error of the reader: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Whatever is read ends with an error or is a dump, which is written and read the same.
func FuzzReadDump(f *testing.F) {
	f.Add(sample().write(f))
	f.Add((&kept{}).write(f))
	f.Fuzz(func(t *testing.T, raw []byte) {
		read := &kept{}
		if err := store.ReadDump(bytes.NewReader(raw), read); err != nil {
			return
		}
		for i := range read.tables { // a table may lack its list of indexes
			if len(read.indexes) != len(read.tables) || read.rows[i] == nil {
				return
			}
		}
		again := &kept{}
		if err := store.ReadDump(bytes.NewReader(read.write(t)), again); err != nil {
			t.Fatalf("it is written so that it can't be read: %v", err)
		}
		if !reflect.DeepEqual(again, read) {
			t.Errorf("read was %+v, and then %+v", read, again)
		}
	})
}
