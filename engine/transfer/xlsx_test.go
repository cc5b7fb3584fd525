package transfer_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/record"
	"formwork/engine/transfer"
	"formwork/engine/transfer/workbook"
)

// claims has fields of every kind that workbooks have cells for.
const claims = `{"kind":"object","name":"claim","label":"Claim","name_field":"name","fields":{
	"name":{"type":"text","label":{"en":"Name","zh":"名称"}},"sum":{"type":"number","scale":2,"label":"Sum"},
	"open":{"type":"checkbox","label":"Open"},"day":{"type":"date","label":"Day"},"met":{"type":"datetime","label":"Met"},"daily":{"type":"time","label":"Daily"},
	"kind_of":{"type":"picklist","label":"Kind","options":{"a":{"label":{"en":"Alpha","zh":"甲"}},"b":{"label":"Beta"}}},
	"about":{"type":"lookup","object":"claim","label":"About"}}}`

// workbook is an export as a workbook.
func (w *world) workbook(object string, q record.ListQuery, language string) []byte {
	w.t.Helper()
	e, err := transfer.Open(w.ctx, w.As(w.caller), object, "xlsx", q, language)
	if err != nil {
		w.t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := e.Write(w.ctx, &out); err != nil {
		w.t.Fatal(err)
	}
	return out.Bytes()
}

// An export as a workbook has numbers, dates, times and checkboxes as such, times where the
// caller is, and labels where they are asked for.
func TestExportsAsWorkbooks(t *testing.T) {
	w := newWorld(t, "admin")
	w.Apply(claims)
	w.caller.Location, _ = time.LoadLocation("Asia/Shanghai")
	if w.caller.Location == nil {
		t.Fatal("there are no time zones")
	}
	first, err := w.As(w.caller).Create(w.ctx, "claim", map[string]any{"name": "=1+1", "sum": json.Number("-1234.5"), "open": true,
		"day": "2024-02-29", "met": "2024-02-29T23:30:00Z", "daily": "07:05", "kind_of": "a"})
	if err != nil {
		t.Fatal(err)
	}
	id := first.Record.ID().String()
	if _, err := w.As(w.caller).Create(w.ctx, "claim", map[string]any{"name": "'x", "about": id}); err != nil {
		t.Fatal(err)
	}
	read := func(raw []byte) string {
		book, err := workbook.Open(raw, func(int64) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		rows, err := book.Rows(book.First())
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		for {
			_, cells, err := rows.Next()
			if err == io.EOF {
				return out.String()
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range cells[1:] {
				fmt.Fprintf(&out, "%d:%s|", c.Kind, c.Text)
			}
		}
	}
	q := record.ListQuery{Fields: []string{"name", "sum", "open", "day", "met", "daily", "kind_of", "about"}, Sort: []string{"id"}}
	const cells = "0:=1+1|1:-1234.50|3:true|4:2024-02-29|5:2024-03-01 07:30:00|6:07:05:00|"
	if got, want := read(w.workbook("claim", q, "")), "0:name|0:sum|0:open|0:day|0:met|0:daily|0:kind_of|0:about|"+cells+"0:a|0:'x|0:|0:|0:|0:|0:|0:|0:"+id+"|"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := read(w.workbook("claim", q, "zh")), "0:名称|0:Sum|0:Open|0:Day|0:Met|0:Daily|0:Kind|0:About|"+cells+"0:甲|0:'x|0:|0:|0:|0:|0:|0:|0:=1+1|"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What is exported as a workbook and imported again is the same, in the sheet that is named or
// the first, and rows have the numbers that a spreadsheet shows.
func TestWorkbooksImportAgain(t *testing.T) {
	w := newWorld(t, "admin")
	w.Apply(claims)
	w.caller.Location = time.FixedZone("there", 8*3600)
	data := []map[string]any{
		{"name": "=1+1", "sum": json.Number("-1234.5"), "open": true, "day": "2024-02-29", "met": "2024-02-29T16:00:00Z", "daily": "07:05:00", "kind_of": "a"},
		{"name": "a;b,\"c\" d", "sum": json.Number("1234567890123456.78"), "open": false, "day": "1899-12-31"},
		{"name": "'=x", "met": "2024-01-01T00:00:00.123Z"}}
	for _, values := range data {
		if _, err := w.As(w.caller).Create(w.ctx, "claim", values); err != nil {
			t.Fatal(err)
		}
	}
	q := record.ListQuery{Fields: []string{"name", "sum", "open", "day", "met", "daily", "kind_of"}, Sort: []string{"id"}}
	before := w.exported("claim", q)
	file := w.workbook("claim", q, "")
	for r, err := range w.As(w.caller).Each(w.ctx, "claim", record.ListQuery{}) {
		if err == nil {
			err = w.As(w.caller).Delete(w.ctx, "claim", r.ID(), 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.expect(w.imported(`{"object":"claim","sheet":"Sheet1","fields":{"name":"name","sum":"sum","open":"open","day":"day","met":"met","daily":"daily","kind_of":"kind_of"}}`, string(file)),
		"done 3 created 0 updated 0 unchanged 0 refused")
	strip := func(text string) (out []string) {
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			out = append(out, fmt.Sprintf("%q", row[1:]))
		}
		return out
	}
	if got, want := fmt.Sprint(strip(w.exported("claim", q))), fmt.Sprint(strip(before)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, err := w.start(`{"object":"claim","sheet":"Sheet2"}`, string(file)); !fault.Is(err, "import.unknown_sheet") {
		t.Error(err)
	}

	raw, err := os.ReadFile("workbook/testdata/openpyxl.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	im := w.imported(`{"object":"claim","decimal":",","fields":{"name":"Name","sum":"Amount","day":"Closes","met":"Met at","daily":"Daily","open":"Open"}}`, string(raw))
	w.expect(im, "done 1 created 0 updated 0 unchanged 1 refused") // a day has no 27 hours
	if got := w.refused(im); !strings.Contains(got, "\nAcme,,,,27:30:00,,,5,") {
		t.Errorf("row 5 is refused: %s", got)
	}
	if n := w.total("claim", `name == "Acme" and sum == 1.1 and open and day == date("2024-03-01") and met == datetime("2024-03-01T01:30:00Z")`); n != 1 {
		t.Errorf("%d claims as the sheet says", n)
	}
}
