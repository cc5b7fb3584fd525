package transfer_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/job"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/transfer"
)

// refused is the file of the rows that an import refused.
func (w *world) refused(im *transfer.Import) string {
	w.t.Helper()
	var out bytes.Buffer
	rows := csv.NewWriter(&out)
	if err := w.imports.Refused(w.ctx, w.Tenant, im, "en", rows.Write); err != nil {
		w.t.Fatal(err)
	}
	rows.Flush()
	return out.String()
}

// exported is all of an object as a CSV file.
func (w *world) exported(object string, q record.ListQuery) string {
	w.t.Helper()
	e, err := transfer.Open(w.ctx, w.As(w.caller), object, "csv", q, "")
	if err != nil {
		w.t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := e.Write(w.ctx, &out); err != nil {
		w.t.Fatal(err)
	}
	return out.String()
}

// Records are found by a unique key as the key compares: case and width don't count.
func TestUniqueKeysAreComparedAsKeys(t *testing.T) {
	w := newWorld(t, "admin")
	const upsert = `{"object":"product","mode":"upsert","key":["code"]}`
	w.expect(w.imported(upsert, "code,name,price\nab-1,One,5\nAB-1,Eins,\nＡＢ-1,,6\n"), "done 1 created 2 updated 0 unchanged 0 refused")
	if n := w.total("product", `code == "ＡＢ-1" and name == "Eins" and price == 6`); n != 1 {
		t.Fatalf("%d products as the file says", n)
	}
	const update = `{"object":"product","mode":"update","key":["code"]}`
	im := w.imported(update, "code,price\nab-1,7\nab-2,8\n")
	w.expect(im, "done 0 created 1 updated 0 unchanged 1 refused")
	if got := w.refused(im); !strings.Contains(got, "ab-2,8,3,No record has these values") {
		t.Fatal(got)
	}
	im = w.imported(`{"object":"task","fields":{"subject":"subject","owner":{"column":"who","match":"email"}}}`, "subject,who\nCall,IDA@Example.com\nMail,nobody@example.com\n")
	w.expect(im, "done 1 created 0 updated 0 unchanged 1 refused")
}

// Values that a lookup is matched by may be written in any way that the field reads.
func TestMatchedValuesAreRead(t *testing.T) {
	w := newWorld(t, "admin")
	w.expect(w.imported(`{"object":"account"}`, "name,website,employees\nAcme,acme.example,\"1,000\"\n"), "done 1 created 0 updated 0 unchanged 0 refused")
	for field, value := range map[string]string{"website": "acme.example", "employees": "\"1,000\"", "name": " Acme "} {
		im := w.imported(`{"object":"contact","fields":{"last_name":"last","account":{"column":"company","match":"`+field+`"}}}`, "last,company\nAlpha,"+value+"\n")
		if im.Created != 1 {
			t.Errorf("by %s: %s", field, w.refused(im))
		}
	}
}

// What was exported is changed in a spreadsheet and sent back, all columns of it.
func TestExportsAreSentBack(t *testing.T) {
	w := newWorld(t, "admin")
	w.expect(w.imported(`{"object":"account"}`, "name,annual_revenue\nAcme,5\nBeta,6\n"), "done 2 created 0 updated 0 unchanged 0 refused")
	file := w.exported("account", record.ListQuery{Sort: []string{"name"}})
	w.expect(w.imported(`{"object":"account","mode":"update","key":["id"]}`, strings.Replace(file, "Beta", "Gamma", 1)), "done 0 created 1 updated 1 unchanged 0 refused")
	if n := w.total("account", `name == "Gamma" and annual_revenue == 6`); n != 1 {
		t.Fatalf("%d accounts as the file says", n)
	}
	im := w.imported(`{"object":"account","mode":"upsert","key":["id"]}`, "id,name\n,Delta\n0000000000001,Nobody\nx,Bad\n")
	w.expect(im, "done 1 created 0 updated 0 unchanged 2 refused")
	if got := w.refused(im); !strings.Contains(got, "Nobody,3,There is no such record.") && !strings.Contains(got, "0000000000001,Nobody,3,") || !strings.Contains(got, "“x” is not the id of a record.") {
		t.Fatal(got)
	}
	w.expect(w.imported(`{"object":"account","mode":"update","key":["id"]}`, "id,name\n,Delta\n"), "done 0 created 0 updated 0 unchanged 1 refused")
	w.expect(w.imported(`{"object":"account"}`, file), "done 2 created 0 updated 0 unchanged 0 refused")
}

// A row with too many or too few cells is refused; broken quotes end the file, and what
// stood before them is saved.
func TestRowsThatDoNotFit(t *testing.T) {
	w := newWorld(t, "admin")
	im := w.imported(`{"object":"account"}`, "name,employees\nA,1\nB\nC,3,4,5\nD,4\n")
	w.expect(im, "done 2 created 0 updated 0 unchanged 2 refused")
	want := "name,employees,_row,_reasons\n" +
		"B,,3,\"Row 3 has another number of cells than the heading, which has 2.\"\n" +
		"C,\"3,4,5\",4,\"Row 4 has another number of cells than the heading, which has 2.\"\n"
	if got := w.refused(im); got != want {
		t.Fatalf("refused rows:\n%s\nwant:\n%s", got, want)
	}
	im = w.imported(`{"object":"account"}`, "name,employees\nA,1\nB,2\nC\"C,3\nD,4\n")
	if im.Job.State != job.Failed || im.Created != 2 || im.Job.Fault().Code != "import.broken_quotes" {
		t.Fatalf("%s, %v", counts(im), im.Job.Fault())
	}
}

// Refused rows are sent again until they fit.
func TestRefusedRowsAreSentAgain(t *testing.T) {
	w := newWorld(t, "admin")
	im := w.imported(`{"object":"account"}`, "name,employees\nA,x\nB,2\n,3\n")
	w.expect(im, "done 1 created 0 updated 0 unchanged 2 refused")
	im = w.imported(`{"object":"account"}`, w.refused(im))
	w.expect(im, "done 0 created 0 updated 0 unchanged 2 refused")
	want := "name,employees,_row,_reasons\nA,x,2,Employees: “x” is not a number.\n,3,3,/name: “Name” may not be empty.\n"
	if got := w.refused(im); got != want {
		t.Fatalf("refused rows:\n%s\nwant:\n%s", got, want)
	}
	w.expect(w.imported(`{"object":"account"}`, strings.ReplaceAll(w.refused(im), "A,x", "A,1")), "done 1 created 0 updated 0 unchanged 1 refused")
}

// Times without an offset from UTC are those of who imports; so is today.
func TestTimesAreTheCallers(t *testing.T) {
	w := newWorld(t, "admin")
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	w.caller.Location = shanghai
	file := "subject,at,german\na,2026-04-03 09:30,3.4.2026 09:30\nb,2026/4/3 9:30:00,\nc,2026-04-03T01:30:00Z,\n"
	w.expect(w.imported(`{"object":"call"}`, file), "done 3 created 0 updated 0 unchanged 0 refused")
	w.expect(w.imported(`{"object":"call","fields":{"subject":"subject","at":{"column":"german","format":"d.m.yyyy HH:MM"}}}`, file), "done 3 created 0 updated 0 unchanged 0 refused")
	if n := w.total("call", `at == "2026-04-03T01:30:00Z"`); n != 4 {
		t.Fatalf("%d calls at the time", n)
	}
	w.Clock.Set(time.Date(2026, 4, 3, 23, 30, 0, 0, time.UTC))
	w.expect(w.imported(`{"object":"task","fields":{"subject":"subject","due":{"expression":"text(today())"}}}`, "subject\na\n"), "done 1 created 0 updated 0 unchanged 0 refused")
	if n := w.total("task", `due == "2026-04-04"`); n != 1 {
		t.Fatalf("%d tasks are due", n)
	}
}

// Numbers of files from where decimals follow a comma.
func TestDecimalCommas(t *testing.T) {
	w := newWorld(t, "admin")
	file := "name;annual_revenue;employees\nA;1.234.567,89;1.000\nB;0,5;1 000\nC;1,234.56;\nD;1.2,3;\nE;-7;3,6\n"
	w.expect(w.imported(`{"object":"account","decimal":","}`, file), "done 3 created 0 updated 0 unchanged 2 refused")
	if n := w.total("account", `annual_revenue in [1234567.89, 0.5, -7] and employees in [1000, 4]`); n != 3 {
		t.Fatalf("%d accounts as the file says", n)
	}
	if _, err := w.start(`{"object":"account","decimal":";"}`, file); err == nil {
		t.Error("a semicolon before decimals is accepted")
	}
}

// odd refuses every second account, after others may have written.
type odd struct{}

func (odd) Wants(_ *catalog.Snapshot, object string, a record.Action) bool {
	return object == "account" && a == record.Created
}

func (odd) BeforeSave(_ context.Context, _ store.Reader, c *record.Change) error {
	if name, _ := c.Get("name").(string); strings.HasSuffix(name, "1") {
		return fault.New(fault.Invalid, "record.rule", "message", "No odd accounts.")
	}
	return nil
}

// An import comes to its end however many of its rows others refuse.
func TestManyRowsThatOthersRefuse(t *testing.T) {
	w := newWorldOf(t, enginetest.Options{SaveHooks: []record.SaveHook{odd{}}}, "admin")
	file := "name\n"
	for i := range 60 {
		file += fmt.Sprintf("A%d\n", i%2)
	}
	w.expect(w.imported(`{"object":"account"}`, file), "done 30 created 0 updated 0 unchanged 30 refused")
	w.expect(w.imported(`{"object":"account","dry_run":true}`, file), "done 30 created 0 updated 0 unchanged 30 refused")
}
