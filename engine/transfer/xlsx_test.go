package transfer_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

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
