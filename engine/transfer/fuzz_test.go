package transfer_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/transfer"
)

// Whatever file is looked at is refused for what is wrong with it, or its columns are shown with
// samples of at most as many rows as it has.
func FuzzPreview(f *testing.F) {
	main := enginetest.New(f, enginetest.Options{}).NewTenant("acme")
	main.Apply(claims)
	caller := main.CallerWith("ida@example.com", "admin")
	imports := transfer.New(main.Records, main.Catalog, acting{caller}, main.IDs, main.Now, func(string) {})
	f.Add([]byte("名称,Sum,kind_of,DAY,met,about_name\nA,1,a,3/31/2017,2024-01-31 10:00,Acme\nB,x,gamma,,,\n"), "name")
	f.Add([]byte("name;sum\n\"A\"\"\n;1,5"), "sum")
	f.Add([]byte("\xff\xfen\x00,\x00"), "")
	books, err := filepath.Glob("workbook/testdata/*.xlsx")
	if err != nil {
		f.Fatal(err)
	}
	for _, book := range books {
		raw, err := os.ReadFile(book)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, "name")
	}
	f.Fuzz(func(t *testing.T, file []byte, column string) {
		o := transfer.Options{Object: "claim"}
		if column != "" {
			o.Fields = map[string]*transfer.Source{"name": {Column: column}}
		}
		p, err := imports.Preview(t.Context(), main.Tenant, caller, o, transfer.File{Name: "file", Text: bytes.NewReader(file)})
		if err != nil {
			if fault.KindOf(err) == fault.Internal {
				t.Fatalf("no fault of the file's: %v", err)
			}
			return
		}
		for _, c := range p.Columns {
			if int64(len(c.Samples)) > p.Rows || c.Guess != nil && (c.Guess.Certainty <= 0 || c.Guess.Certainty > 1) {
				t.Fatalf("of %d rows is told %+v", p.Rows, c)
			}
		}
	})
}
