package transfer_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/transfer"
	"formwork/metadata/fieldtype"
)

// kept is how many bytes of refused rows are kept, as they are stored.
func (w *world) kept() (rows, bytes int) {
	w.t.Helper()
	cells, faults := query.Column{Name: "cells", Storage: fieldtype.List}, query.Column{Name: "faults", Storage: fieldtype.JSON}
	for row, err := range store.Find(w.ctx, w.Tenant, query.Select{Table: "_import_error"}, cells, faults) {
		if err != nil {
			w.t.Fatal(err)
		}
		list, _ := json.Marshal(row.List(cells))
		rows, bytes = rows+1, bytes+len(list)+len(row.JSON(faults))
	}
	return rows, bytes
}

// What is kept of refused rows doesn't grow beyond its bounds: not by rows that lack
// cells, nor by cells that are wrong in many ways. All of them are counted.
func TestRefusedRowsAreBounded(t *testing.T) {
	w := newWorld(t, "admin")
	wide := "name" + strings.Repeat(",", 900) + "\n" + strings.Repeat("x\n", 12_000) // 24 kB
	im := w.imported(`{"object":"account"}`, wide)
	w.expect(im, "done 0 created 0 updated 0 unchanged 12000 refused")
	rows, bytes := w.kept()
	if rows != 10_000 || im.Kept != 10_000 || bytes > 4<<20 {
		t.Errorf("%d rows with %d bytes are kept, and %d told", rows, bytes, im.Kept)
	}
	long := "name,industry\n" + strings.Repeat("A,"+strings.Repeat("y", 10_000)+"\n", 1000) // 10 MB
	im = w.imported(`{"object":"account"}`, long)
	if _, now := w.kept(); now-bytes > 9<<20 || im.Refused != 1000 || im.Kept == 0 || im.Kept == 1000 {
		t.Errorf("%d bytes more are kept of %s, %d rows", now-bytes, counts(im), im.Kept)
	}
}

// A summary tells why rows were refused: by code and field, with the first rows by the
// numbers that a spreadsheet shows.
func TestReasonsAreCounted(t *testing.T) {
	w := newWorld(t, "admin")
	im := w.imported(`{"object":"account"}`, "name,employees,industry\nA,x,\n\n\"B\",\"x\ny\",odd\n,3,\nC,4,\nD,z\n")
	var got []string
	reasons, others := im.Reasons()
	for _, r := range reasons {
		got = append(got, fmt.Sprint(r.Code, " ", r.Field, " ", r.Count, " ", r.Rows))
	}
	want := []string{"field.not_a_number employees 2 [2 4]", "field.not_an_option industry 1 [4]", "record.required name 1 [5]", "import.wrong_number_of_cells  1 [7]"}
	if fmt.Sprint(got) != fmt.Sprint(want) || others != 0 {
		t.Errorf("%q and %d others, not %q", got, others, want)
	}
}

// asking is a tenant that counts how often it is asked for jobs.
type asking struct {
	store.Tenant
	jobs int
}

func (a *asking) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	if q.Table == "_job" {
		a.jobs++
	}
	return a.Tenant.Select(ctx, q)
}

// A client that lost its connection finds its import by its key, the checksum or the
// name of the file, and doesn't begin it a second time.
func TestImportsAreFoundAgain(t *testing.T) {
	w := newWorld(t, "admin")
	send := func(key, options, text string) (*transfer.Import, error) {
		var o transfer.Options
		if err := json.Unmarshal([]byte(options), &o); err != nil {
			t.Fatal(err)
		}
		return w.imports.Start(w.ctx, w.Tenant, w.caller, o, transfer.File{Name: "a.csv", Key: key, Text: strings.NewReader(text)})
	}
	const account = `{"object":"account"}`
	first, err := send("k1", account, "name\nA\n")
	if err != nil {
		t.Fatal(err)
	}
	again, err := send("k1", account, "name\nA\n")
	if err != nil || again.ID != first.ID {
		t.Errorf("sent again: %v %v, not %v", again, err, first.ID)
	}
	for _, other := range [][2]string{{account, "name\nB\n"}, {`{"object":"account","dry_run":true}`, "name\nA\n"}} {
		if _, err := send("k1", other[0], other[1]); !fault.Is(err, "import.key_reused") {
			t.Errorf("%v with the same key: %v", other, err)
		}
	}
	second, err := send("", `{"object":"lead"}`, "last_name,company\nA,B\n")
	if err != nil {
		t.Fatal(err)
	}
	list := func(l transfer.Listing) (found []string) {
		l.Limit = 10
		asked := &asking{Tenant: w.Tenant}
		all, err := w.imports.List(w.ctx, asked, w.caller, l)
		if err != nil {
			t.Fatal(err)
		}
		if asked.jobs > 1 {
			t.Errorf("for the jobs of %d imports the store was asked %d times", len(all), asked.jobs)
		}
		for _, im := range all {
			found = append(found, im.Object+" "+im.File)
		}
		return found
	}
	for _, c := range []struct {
		l    transfer.Listing
		want string
	}{{transfer.Listing{}, "[lead a.csv account a.csv]"}, {transfer.Listing{Key: "k1"}, "[account a.csv]"}, {transfer.Listing{SHA256: second.SHA256}, "[lead a.csv]"},
		{transfer.Listing{Object: "account"}, "[account a.csv]"}, {transfer.Listing{Before: second.ID}, "[account a.csv]"}} {
		if got := fmt.Sprint(list(c.l)); got != c.want {
			t.Errorf("%+v lists %s, not %s", c.l, got, c.want)
		}
	}
	w.caller = w.Caller(w.User("otto@example.com", nil))
	w.caller.Permissions = []string{"sales_user"}
	if got := list(transfer.Listing{}); got != nil {
		t.Errorf("somebody else is shown %v", got)
	}
}

// Who has the right may import records into any stage, and the import says so.
func TestHistoriesBeginInAnyStage(t *testing.T) {
	w := newWorld(t, "admin")
	w.Apply(`{"kind":"object","name":"claim","label":"Claim","name_field":"name","fields":{"name":{"type":"text"},"stage":{"type":"picklist","options":{"open":{},"won":{}}}},
		"stages":{"field":"stage","stages":{"open":{"to":{"won":{}}},"won":{"initial":false,"required":["name"]}}}}`)
	const file = "name,stage\nA,won\n,won\n"
	w.expect(w.imported(`{"object":"claim"}`, file), "done 0 created 0 updated 0 unchanged 2 refused")
	im := w.imported(`{"object":"claim","any_stage":true}`, file)
	w.expect(im, "done 1 created 0 updated 0 unchanged 1 refused") // what the stage needs is needed
	if !im.Options.AnyStage {
		t.Error("the import doesn't tell how it was made")
	}
	w.Apply(`{"kind":"permission","name":"plain","label":"Plain","objects":{"claim":{"create":true,"read":true}},"system":["import"]}`)
	w.caller.Permissions = []string{"plain"}
	if _, err := w.start(`{"object":"claim","any_stage":true}`, file); !fault.Is(err, "auth.right_missing") {
		t.Errorf("without the right: %v", err)
	}
}

// With labels a file is for people: headings, options and names in their language, names
// of records only where they may be read.
func TestExportsWithLabels(t *testing.T) {
	w := newWorld(t, "admin")
	w.Apply(`{"kind":"object","name":"claim","label":"Claim","name_field":"name","fields":{"name":{"type":"text","label":{"en":"Name","zh":"名称"}},
			"kinds":{"type":"multi_picklist","label":{"en":"Kinds","zh":"类型"},"options":{"a":{"label":{"en":"Alpha","zh":"甲"}},"b":{"label":"=B"}}},
			"about":{"type":"lookup","object":"claim","label":"Name"}}}`,
		`{"kind":"permission","name":"plain","label":"Plain","objects":{"claim":{"read":true,"read_all":true,"fields":{"about":"read","kinds":"read"}}}}`)
	first, err := w.As(w.caller).Create(w.ctx, "claim", map[string]any{"name": "First", "kinds": []any{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	id := first.Record.ID().String()
	if _, err := w.As(w.caller).Create(w.ctx, "claim", map[string]any{"name": "Second", "about": id}); err != nil {
		t.Fatal(err)
	}
	export := func(language string, fields ...string) string {
		e, err := transfer.Open(w.ctx, w.As(w.caller), "claim", "csv", record.ListQuery{Fields: fields, Sort: []string{"id"}}, language)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := e.Write(w.ctx, &out); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			rows[i] = rows[i][1:] // the id
		}
		return fmt.Sprintf("%q", rows)
	}
	if got, want := export("zh", "name", "kinds", "about"), `[["名称" "类型" "Name"] ["First" "甲; =B" ""] ["Second" "" "First"]]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := export("en", "name", "about", "about.kinds"), `[["Name (name)" "Name (about)" "Name / Kinds"] ["First" "" ""] ["Second" "First" "Alpha; =B"]]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w.caller.Permissions = []string{"plain"}
	if got, want := export("en", "about"), fmt.Sprintf(`[["Name"] [""] [%q]]`, id); got != want {
		t.Errorf("who may not read names gets %s, want %s", got, want)
	}
	if _, err := transfer.Open(w.ctx, w.As(w.caller), "claim", "jsonl", record.ListQuery{}, "en"); !fault.Is(err, "import.labels_csv") {
		t.Errorf("JSON lines with labels: %v", err)
	}
}
