package transfer_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/transfer"
)

// world is a tenant with the standard packages, in which imports run when a test says so.
type world struct {
	*enginetest.Tenant
	t       *testing.T
	ctx     context.Context
	imports *transfer.Service
	caller  *policy.Caller
}

// acting is the caller of every job.
type acting struct{ caller *policy.Caller }

func (a acting) Acting(_ context.Context, _ store.Tenant, _ id.ID, _ []string, via string) (*policy.Caller, error) {
	c := *a.caller
	c.Via = via
	return &c, nil
}

func newWorld(t *testing.T, permissions ...string) *world {
	t.Helper()
	return newWorldOf(t, enginetest.Options{}, permissions...)
}

func newWorldOf(t *testing.T, o enginetest.Options, permissions ...string) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), Tenant: enginetest.New(t, o).NewTenant("acme")}
	w.caller = w.Caller(w.User("ida@example.com", nil))
	w.caller.Permissions = permissions
	w.imports = w.importsAs(acting{w.caller})
	return w
}

// importsAs are imports whose jobs act as others than who began them.
func (w *world) importsAs(callers transfer.Callers) *transfer.Service {
	return transfer.New(w.Records, w.Catalog, callers, w.IDs, w.Now, func(string) {})
}

func (w *world) start(options, file string) (*transfer.Import, error) {
	var o transfer.Options
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		w.t.Fatal(err)
	}
	return w.imports.Start(w.ctx, w.Tenant, w.caller, o, transfer.File{Text: strings.NewReader(file)})
}

// run works on what is queued, by a runner of its own, until nothing is open or stop
// says so.
func (w *world) run(stop func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	runner := job.NewRunner(job.Options{Tenant: func(context.Context, string) (store.Tenant, error) { return w.Tenant, nil },
		Now: w.Now, Holder: fmt.Sprint(rand.Int()), Lease: time.Second})
	runner.Register(w.imports.Jobs()...)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runner.Run(ctx)
	}()
	runner.Wake("acme")
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(time.Millisecond) { // it is how long nobody waits, not how long it takes
		if time.Now().After(deadline) {
			w.t.Fatal("the import does not end")
		}
		jobs, err := job.List(w.ctx, w.Tenant, job.Listing{Kind: transfer.JobKind})
		if err != nil {
			w.t.Fatal(err)
		}
		open := false
		for _, j := range jobs {
			open = open || j.State == job.Waiting || j.State == job.Running
		}
		if !open || stop() {
			break
		}
	}
	cancel()
	<-ended
}

func never() bool { return false }

// imported runs an import to its end and returns it.
func (w *world) imported(options, file string) *transfer.Import {
	w.t.Helper()
	im, err := w.start(options, file)
	if err != nil {
		w.t.Fatal(err)
	}
	w.run(never)
	return w.get(im.ID)
}

func (w *world) get(i id.ID) *transfer.Import {
	w.t.Helper()
	im, err := w.imports.Get(w.ctx, w.Tenant, w.caller, i)
	if err != nil {
		w.t.Fatal(err)
	}
	return im
}

func (w *world) total(object, filter string) int64 {
	w.t.Helper()
	page, err := w.System().List(w.ctx, object, record.ListQuery{Filter: filter, Total: record.ExactTotal, Limit: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	return *page.Total
}

func counts(im *transfer.Import) string {
	return fmt.Sprintf("%s %d created %d updated %d unchanged %d refused", im.Job.State, im.Created, im.Updated, im.Unchanged, im.Refused)
}

func (w *world) expect(im *transfer.Import, want string) {
	w.t.Helper()
	if got := counts(im); got != want {
		w.t.Fatalf("got %s, want %s (%v)", got, want, im.Job.Fault())
	}
}

func TestUpsertTwiceChangesNothing(t *testing.T) {
	w := newWorld(t, "admin")
	options := `{"object":"product","mode":"upsert","key":["code"],"fields":{"code":"Code","name":{"column":"Name","values":{"GTXPro":"GTX Pro"}},
		"price":{"expression":"text(number(price) * 2)"},"family":{"column":"Family","default":"none"}}}`
	file := "Code;Name;Price;Family\np1;GTXPro;1,5;\np2;\"Zwei; drei\";2;x\np1;GTX Plus;3;\n"
	file = strings.ReplaceAll(file, "1,5", "1.5")
	w.expect(w.imported(options, file), "done 2 created 1 updated 0 unchanged 0 refused")
	if n := w.total("product", `name == "GTX Plus" and price == 6 and family == "none"`); n != 1 {
		t.Fatalf("%d records as the file says", n)
	}
	again := strings.Replace(file, "p1;GTXPro;1.5;\n", "", 1)
	w.expect(w.imported(options, again), "done 0 created 0 updated 2 unchanged 0 refused")
	if n := w.total("product", "version == 1"); n != 1 {
		t.Fatalf("%d products were never changed", n)
	}
}

func TestLookupsAreMatched(t *testing.T) {
	w := newWorld(t, "admin")
	w.expect(w.imported(`{"object":"account"}`, "name,Industry\nAcme,education\nTwin,\nTwin,\n"), "done 3 created 0 updated 0 unchanged 0 refused")
	im := w.imported(`{"object":"contact","fields":{"last_name":"last","account":{"column":"company","match":"name"},"birthday":{"column":"born","format":"m/d/yyyy"}}}`,
		"last,company,born\nAlpha,Acme,3/9/1980\nBeta,Nobody,\nGamma,Twin,\nDelta,,31/12/1980\nEcho,,\n")
	w.expect(im, "done 2 created 0 updated 0 unchanged 3 refused")
	if n := w.total("contact", `account.industry == "education" and birthday == "1980-03-09"`); n != 1 {
		t.Fatalf("%d contacts as the file says", n)
	}
	var out bytes.Buffer
	rows := csv.NewWriter(&out)
	if err := w.imports.Refused(w.ctx, w.Tenant, im, "en", rows.Write); err != nil {
		t.Fatal(err)
	}
	rows.Flush()
	want := "last,company,born,_row,_reasons\n" +
		"Beta,Nobody,,3,/account: No record of account has “Nobody” in name.\n" +
		"Gamma,Twin,,4,/account: Several records of account have “Twin” in name.\n" +
		"Delta,,31/12/1980,5,/birthday: “31/12/1980” is not written as m/d/yyyy.\n"
	if out.String() != want {
		t.Fatalf("refused rows:\n%s\nwant:\n%s", out.String(), want)
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	w := newWorld(t, "admin")
	w.expect(w.imported(`{"object":"account","dry_run":true}`, "name,annual_revenue\nAcme,5\n,6\nBeta,x\n"), "done 1 created 0 updated 0 unchanged 2 refused")
	if n := w.total("account", ""); n != 0 {
		t.Fatalf("%d accounts were written", n)
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	w := newWorld(t, "admin")
	for options, code := range map[string]string{
		`{"object":"acount"}`:                                                             "import.unknown_object",
		`{"object":"account","fields":{"nam":"name"}}`:                                    "import.unknown_field",
		`{"object":"account","fields":{"name":"nme"}}`:                                    "import.unknown_column",
		`{"object":"account","fields":{"name":{"expression":"nme"}}}`:                     "expression.unknown_name",
		`{"object":"account","fields":{"name":{}}}`:                                       "import.column_or_expression",
		`{"object":"account","fields":{"name":{"column":"name","match":"x"}}}`:            "import.match_needs_lookup",
		`{"object":"account","fields":{"parent":{"column":"name","match":"nme"}}}`:        "import.unknown_field",
		`{"object":"account","fields":{"name":{"column":"name","format":"m/d/yyyy"}}}`:    "import.format",
		`{"object":"account","mode":"upsert"}`:                                            "import.key_and_mode",
		`{"object":"account","mode":"upsert","key":["code"],"fields":{"name":"name"}}`:    "import.key_not_mapped",
		`{"object":"account","mode":"merge"}`:                                             "import.unknown_mode",
		`{"object":"account","delimiter":"::"}`:                                           "import.delimiter",
		`{"object":"account","encoding":"ebcdic"}`:                                        "import.unknown_encoding",
		`{"object":"contact","fields":{"birthday":{"column":"name","format":"../../x"}}}`: "import.format",
		`{"object":"account","fields":{"open_amount":"name"}}`:                            "record.read_only",
		`{"object":"account","fields":{"id":"name"}}`:                                     "record.read_only",
	} {
		_, err := w.start(options, "name\nAcme\n")
		var f *fault.Fault
		found := errors.As(err, &f) && f.Code == code
		for i := 0; f != nil && i < len(f.Errors); i++ {
			found = found || f.Errors[i].Code == code
		}
		if !found {
			t.Errorf("%s: %v, want %s", options, err, code)
		}
	}
	if _, err := w.start(`{"object":"account"}`, "name\n\xff\n"); !fault.Is(err, "import.encoding") {
		t.Errorf("a file of another encoding: %v", err)
	}
	w.nothingKept()
}

// What the caller may not fill or match by is neither guessed, nor suggested, nor told.
func TestHiddenFieldsAreNotImported(t *testing.T) {
	w := newWorld(t, "clerk")
	clerk := `{"kind":"permission","name":"clerk","label":"Clerk","system":["import"],"objects":{
		"account":{"create":true,"read":true,"fields":{"*":"edit","website":"none","phone":"read"}},"user":{"read":true,"fields":{"*":"read","phone":"none"}}}}`
	w.Apply(clerk)
	for options, suggestion := range map[string]string{
		`{"object":"account","fields":{"website":"name"}}`:                                           "",
		`{"object":"account","fields":{"websit":"name"}}`:                                            "",
		`{"object":"account","fields":{"nam":"name"}}`:                                               "name",
		`{"object":"account","fields":{"name":"name","parent":{"column":"name","match":"website"}}}`: "",
		`{"object":"account","fields":{"name":"name","owner":{"column":"name","match":"phone"}}}`:    "",
	} {
		_, err := w.start(options, "name\nAcme\n")
		f := fault.From(err)
		if len(f.Errors) != 1 || f.Errors[0].Code != "import.unknown_field" || f.Errors[0].Params["suggestion"] != suggestion {
			t.Errorf("%s: %v %v", options, err, f.Errors)
		}
	}
	w.nothingKept()
	w.expect(w.imported(`{"object":"account"}`, "name,website,phone\nAcme,https://acme.example,1234567\n"), "done 1 created 0 updated 0 unchanged 0 refused")
	w.caller.Permissions = []string{"admin"}
	if n := w.total("account", `website == nil and phone == nil`); n != 1 {
		t.Error("what may not be filled was filled")
	}
}

// demoted is an admin for one batch, and then may no more than read.
type demoted struct {
	acting
	batches int
}

func (d *demoted) Acting(ctx context.Context, t store.Tenant, user id.ID, sets []string, via string) (*policy.Caller, error) {
	c, err := d.acting.Acting(ctx, t, user, sets, via)
	if d.batches++; d.batches > 1 {
		c.Permissions = []string{"read_only"}
	}
	return c, err
}

// An import goes on with the rights that its caller has by then.
func TestRightsThatEndDuringAnImport(t *testing.T) {
	w := newWorld(t, "admin")
	w.imports = w.importsAs(&demoted{acting: acting{w.caller}})
	im := w.imported(`{"object":"account"}`, "name\n"+strings.Repeat("Acme\n", 600))
	if n := w.total("account", ""); im.Job.State != job.Failed || im.Created != 250 || n != 250 {
		t.Errorf("%s after %d, and %d are there", im.Job.State, im.Created, n)
	}
}

// nothingKept asserts that no refused file left anything behind.
func (w *world) nothingKept() {
	w.t.Helper()
	for _, table := range transfer.Tables() {
		if n, err := w.Tenant.Count(w.ctx, table.Name, nil, nil, 0); err != nil || n != 0 {
			w.t.Errorf("%d rows in %s, %v", n, table.Name, err)
		}
	}
}

func TestWhoMayNotImport(t *testing.T) {
	w := newWorld(t, "sales_user")
	if _, err := w.start(`{"object":"account"}`, "name\nAcme\n"); fault.KindOf(err) != fault.Forbidden {
		t.Fatalf("got %v", err)
	}
	w.nothingKept()
}

// However often an import is stopped, each row is done once: the counts and the
// records agree with the file.
func TestStoppedImportsGoOn(t *testing.T) {
	w := newWorld(t, "admin")
	const rows = 4_000
	var file strings.Builder
	file.WriteString("name,employees,description\n")
	refused := 0
	for i := range rows {
		employees := fmt.Sprint(i)
		if i%97 == 0 {
			employees = "many"
			refused++
		}
		fmt.Fprintf(&file, "Company %d,%s,\"two\nlines\"\n", i, employees)
	}
	im, err := w.start(`{"object":"account"}`, file.String())
	if err != nil {
		t.Fatal(err)
	}
	stops := 0
	for done := int64(0); ; stops++ {
		before := done
		w.run(func() bool {
			now := w.get(im.ID)
			done = now.Created
			return done > before
		})
		if w.get(im.ID).Job.State == job.Done {
			break
		}
		if stops > rows {
			t.Fatal("the import does not come to its end")
		}
	}
	if stops == 0 {
		t.Fatal("the import was never stopped")
	}
	w.expect(w.get(im.ID), fmt.Sprintf("done %d created 0 updated 0 unchanged %d refused", rows-refused, refused))
	if n := w.total("account", ""); n != int64(rows-refused) {
		t.Fatalf("%d accounts of %d", n, rows-refused)
	}
	answer, err := w.System().Aggregate(w.ctx, "account", record.AggregateQuery{
		Measures: []record.MeasureOf{{Op: "sum", Field: "employees", As: "sum"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for i := range rows {
		if i%97 != 0 {
			want += i
		}
	}
	if got := string(answer[0].AppendJSON(nil)); got != fmt.Sprintf(`{"sum":%d}`, want) {
		t.Fatalf("got %s, want the sum %d", got, want)
	}
	if n, err := w.Tenant.Count(w.ctx, "_import_chunk", nil, nil, 0); err != nil || n != 0 {
		t.Fatalf("%d pieces of the file are still kept, %v", n, err)
	}
}

// What is exported and imported again is the same.
func TestExportsImportAgain(t *testing.T) {
	w := newWorld(t, "admin")
	names := []string{"Acme", "=1+1", "'quoted", "a,b\"c", "-5", "+49 30", "@x", "张三 公司", "＝1+1", "＠SUM(1)"}
	for i, name := range names {
		data := map[string]any{"name": name, "annual_revenue": json.Number(fmt.Sprintf("%d.1", i)), "phone": "+49 30 1", "tags": []any{"a", "b c"}, "status": "lead", "description": "two\nlines, \"quoted\""}
		if _, err := w.As(w.caller).Create(w.ctx, "account", data); err != nil {
			t.Fatal(err)
		}
	}
	fields := []string{"name", "annual_revenue", "phone", "tags", "status", "description"}
	export := func(format string) string {
		e, err := transfer.Open(w.ctx, w.As(w.caller), "account", format, record.ListQuery{Fields: fields, Sort: []string{"annual_revenue"}}, "")
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if n, err := e.Write(w.ctx, &out); err != nil || n != len(names) {
			t.Fatalf("%d records, %v", n, err)
		}
		return out.String()
	}
	file := export("csv")
	if strings.Contains(file, "\n=1") || strings.Contains(file, ",=1") || strings.Contains(file, ",@x") || strings.Contains(file, ",＝") || strings.Contains(file, ",＠") {
		t.Fatalf("a cell that runs as a formula:\n%s", file)
	}
	lines := export("jsonl")
	for page, err := range w.As(w.caller).Each(w.ctx, "account", record.ListQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		if err := w.As(w.caller).Delete(w.ctx, "account", page.ID(), 0); err != nil {
			t.Fatal(err)
		}
	}
	w.expect(w.imported(`{"object":"account","fields":{"name":"name","annual_revenue":"annual_revenue","phone":"phone","tags":"tags","status":"status","description":"description"}}`, file),
		fmt.Sprintf("done %d created 0 updated 0 unchanged 0 refused", len(names)))
	strip := func(lines string) (out []string) {
		for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
			_, rest, _ := strings.Cut(line, ",")
			out = append(out, rest)
		}
		return out
	}
	if got := export("jsonl"); fmt.Sprint(strip(got)) != fmt.Sprint(strip(lines)) {
		t.Fatalf("got\n%s\nwant\n%s", got, lines)
	}
}

// The files that a tenant keeps are bounded in sum, whoever sent them.
func TestFilesOfATenantAreBounded(t *testing.T) {
	w := newWorld(t, "admin")
	keep := func(bytes int64) {
		if err := w.Tenant.Write(w.ctx, func(tx store.Tx) error {
			return tx.Insert(w.ctx, "_import_upload", w.IDs.Next(), map[string]any{"user": int64(1), "held": bytes}, nil)
		}); err != nil {
			t.Fatal(err)
		}
	}
	file, options := "name\nAcme\n", `{"object":"account","columns":[{"heading":"name","field":"name"}]}`
	keep(4<<30 - int64(len(file)))
	if _, err := w.start(options, file); err != nil {
		t.Fatalf("the last bytes: %v", err)
	}
	if _, err := w.start(options, file); !fault.Is(err, "import.quota") {
		t.Errorf("a byte more: %v", err)
	}
}
