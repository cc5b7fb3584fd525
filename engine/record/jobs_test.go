package record_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// work runs the jobs that are waiting until none is left.
func (w *world) work() {
	w.t.Helper()
	ctx, stop := context.WithCancel(w.ctx)
	defer stop()
	runner := job.NewRunner(job.Options{Now: time.Now, Holder: "test", Workers: 1, Attempts: 1,
		Tenant: func(context.Context, string) (store.Tenant, error) { return w.tenant, nil }})
	runner.Register(w.catalog.Jobs()...)
	runner.Register(record.Jobs(w.service, w.catalog)...)
	runner.Wake("acme")
	done := make(chan struct{})
	go func() { runner.Run(ctx); close(done) }()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		jobs, err := job.List(w.ctx, w.tenant, job.Listing{})
		if err != nil {
			w.t.Fatal(err)
		}
		open := 0
		for _, j := range jobs {
			if j.State == job.Failed {
				w.t.Fatalf("job %s %s failed: %v", j.Kind, j.Args, j.Fault())
			}
			if j.State != job.Done && j.RunAt.Before(time.Now()) {
				open++
			}
		}
		if open == 0 {
			break
		}
		if time.Now().After(deadline) {
			w.t.Fatal("jobs are not done")
		}
	}
	stop()
	<-done
}

func TestBackfill(t *testing.T) {
	w := newWorld(t).populate()
	var accounts []id.ID
	for i := range 250 {
		data := map[string]any{"name": fmt.Sprint("Account ", i), "revenue": number(fmt.Sprint(i)), "notes": "find me"}
		if i > 0 {
			data["parent"] = accounts[0].String()
		}
		accounts = append(accounts, w.create(w.system(), "account", data).Record.ID())
	}
	w.apply(`{"kind": "object", "name": "account", "search": ["name", "notes"], "fields": {
		"level": {"type": "picklist", "options": {"low": {}, "high": {}}, "default": "low"},
		"year": {"type": "number", "scale": 0, "default_expr": "len(name)"},
		"serial": {"type": "auto_number", "pattern": "A-{0000}"},
		"tripled": {"type": "formula", "result": "currency", "scale": 2, "expression": "revenue * 3"},
		"children": {"type": "rollup", "op": "count", "object": "account", "lookup": "parent"},
		"total": {"type": "rollup", "op": "sum", "result": "currency", "scale": 2, "object": "account", "lookup": "parent", "field": "tripled", "filter": "revenue > 100"}}}`)
	// What is written between the change and the jobs stays right.
	late := w.create(w.system(), "account", map[string]any{"name": "late", "revenue": number("1000"), "parent": accounts[0].String(), "level": "high"}).Record.ID()
	w.update(w.system(), "account", accounts[249], map[string]any{"revenue": number("5000")})
	before := w.count("_history", nil)
	w.work()
	if after := w.count("_history", nil); after != before {
		t.Errorf("%d entries in the history, before %d", after, before)
	}
	got := w.get(w.system(), "account", accounts[0])
	want := 0
	for i := 101; i < 249; i++ {
		want += 3 * i
	}
	want += 3*1000 + 3*5000
	for field, v := range map[string]any{"level": "low", "year": number("9"), "tripled": number("0.00"), "children": number("250"),
		"total": number(fmt.Sprintf("%d.00", want)), "version": number("1")} {
		if got[field] != v {
			t.Errorf("%s is %v, want %v", field, got[field], v)
		}
	}
	if level := w.get(w.system(), "account", late)["level"]; level != "high" {
		t.Errorf("level of the late one is %v", level)
	}
	serials := map[any]bool{}
	for r, err := range w.system().Each(w.ctx, "account", record.ListQuery{Fields: []string{"serial"}}) {
		if err != nil {
			t.Fatal(err)
		}
		serials[decode(t, r)["serial"]] = true
	}
	if len(serials) != 251 || !serials["A-0251"] {
		t.Errorf("%d numbers, the last is there: %v", len(serials), serials["A-0251"])
	}
}

// A formula that fails for records that were there before it is empty in them, keeps
// nothing else from being filled, and refuses only changes of what it reads.
func TestFormulaThatFailsForOldRecords(t *testing.T) {
	w := newWorld(t).populate()
	account := w.create(w.system(), "account", map[string]any{"name": "Old", "revenue": number("0.5")}).Record.ID()
	w.apply(`{"kind": "object", "name": "account", "fields": {
		"power": {"type": "formula", "label": "Power", "result": "number", "scale": 2, "expression": "2 ** revenue"},
		"tripled": {"type": "formula", "result": "currency", "scale": 2, "expression": "revenue * 3"}}}`)
	w.update(w.system(), "account", account, map[string]any{"name": "Before the job"})
	w.work()
	w.update(w.system(), "account", account, map[string]any{"name": "After the job"})
	if got := w.get(w.system(), "account", account, "name", "power", "tripled"); got["power"] != nil || fmt.Sprint(got["tripled"]) != "1.50" {
		t.Errorf("got %v", got)
	}
	_, err := w.system().Update(w.ctx, "account", account, map[string]any{"revenue": number("1.5")}, 0)
	if f := fault.From(err); !fault.Is(err, "record.invalid") || len(f.Errors) != 1 || f.Errors[0].Code != "record.expression_failed" ||
		f.Errors[0].Params["field"] != "Power" || !strings.Contains(f.Errors[0].Text("en"), "must be a whole number") {
		t.Errorf("a change of what the formula reads: %v", err)
	}
	w.update(w.system(), "account", account, map[string]any{"revenue": number("3")})
	if got := w.get(w.system(), "account", account, "power"); fmt.Sprint(got["power"]) != "8.00" {
		t.Errorf("got %v", got)
	}
}

// A backfill that is stopped goes on where it was, and gives every record its values.
func TestBackfillResumes(t *testing.T) {
	w := newWorld(t).populate()
	for i := range 230 {
		w.create(w.system(), "note", map[string]any{"title": fmt.Sprint("Note ", i)})
	}
	w.apply(`{"kind": "object", "name": "note", "fields": {"state": {"type": "text", "default": "new"}}}`)
	for i := range 3 {
		ctx, stop := context.WithCancel(w.ctx)
		runner := job.NewRunner(job.Options{Now: time.Now, Holder: fmt.Sprint("test", i), Workers: 1, Lease: time.Millisecond,
			Tenant: func(context.Context, string) (store.Tenant, error) { return w.tenant, nil }})
		runner.Register(w.catalog.Jobs()...)
		for _, kind := range record.Jobs(w.service, w.catalog) {
			handle := kind.Handle
			kind.Handle = func(ctx context.Context, t store.Tenant, j *job.Progress) error {
				if len(j.Cursor) > 0 || i == 0 {
					stop() // after the first batch of each run
				}
				return handle(ctx, t, j)
			}
			runner.Register(kind)
		}
		runner.Wake("acme")
		go func() { time.Sleep(50 * time.Millisecond); stop() }()
		runner.Run(ctx)
	}
	w.work()
	page, err := w.system().List(w.ctx, "note", record.ListQuery{Filter: `state == "new"`, Total: record.ExactTotal, Limit: 1})
	if err != nil || *page.Total != 230 {
		t.Fatalf("%d of 230: %v", *page.Total, err)
	}
}

// Records that are equal in a key that became unique are no hindrance: one of them
// is in the key, the others are left out until they are changed and the value is free.
func TestBackfillOfAUniqueKeyWithEqualRecords(t *testing.T) {
	w := newWorld(t).populate()
	var accounts []id.ID
	for i := range 230 {
		accounts = append(accounts, w.create(w.system(), "account", map[string]any{"name": fmt.Sprint("Account ", i), "region": fmt.Sprint("North ", i%220)}).Record.ID())
	}
	w.apply(`{"kind": "object", "name": "account", "fields": {"region": {"unique": true}}}`)
	region, _ := w.snapshot.Objects["account"].Field("region")
	inKey := func() int64 {
		return w.count("account", query.Not{Filter: query.Is(region.Key, nil)})
	}
	another := func(value string) error {
		_, err := w.system().Create(w.ctx, "account", map[string]any{"name": "Another", "region": value})
		return err
	}
	w.work()
	if n := inKey(); n != 220 {
		t.Errorf("%d records are in the key, not 220", n)
	}
	for i, key := range accounts {
		if got, want := w.get(w.system(), "account", key)["region"], any(fmt.Sprint("North ", i%220)); got != want {
			t.Errorf("the region of %d is %v, not %v", i, got, want)
		}
	}
	for _, value := range []string{"North 3", "north 219"} {
		if err := another(value); !fault.Is(err, "record.not_unique") {
			t.Errorf("a second %s: %v", value, err)
		}
	}

	first, left := accounts[3], accounts[223]
	w.update(w.system(), "account", left, map[string]any{"employees": number("7")})
	w.create(w.system(), "deal", map[string]any{"name": "D", "account": left.String()})
	if got := w.get(w.system(), "account", left); got["deals"] != number("1") || inKey() != 220 {
		t.Errorf("%v deals, %d in the key", got["deals"], inKey())
	}
	if _, err := w.system().Update(w.ctx, "account", left, map[string]any{"region": "North 4"}, 0); !fault.Is(err, "record.not_unique") {
		t.Errorf("changed to what another has: %v", err)
	}
	w.update(w.system(), "account", first, map[string]any{"region": "South"})
	w.update(w.system(), "account", left, map[string]any{"employees": number("8")})
	if err := another("North 3"); !fault.Is(err, "record.not_unique") || inKey() != 221 {
		t.Errorf("after it was free: %v, %d in the key", err, inKey())
	}
}

func TestOutbox(t *testing.T) {
	w := newWorld(t).populate()
	before := len(w.events())
	heard := 0
	w.service = record.New(record.Options{IDs: w.ids, Now: func() time.Time { return w.time }, Committed: func(tenant string) {
		if tenant == "acme" {
			heard++
		}
	}})
	s := w.service.As(w.tenant, w.snapshot, w.people["ada"]).Depth(3)
	deal, err := s.Create(w.ctx, "deal", map[string]any{"name": "D", "discount": number("1.50")})
	if err != nil {
		t.Fatal(err)
	}
	line, err := s.Create(w.ctx, "line", map[string]any{"deal": deal.Record.ID().String(), "unit": number("2")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(w.ctx, "deal", deal.Record.ID(), map[string]any{"name": "E", "discount": number("1.50")}, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(w.ctx, "deal", deal.Record.ID(), map[string]any{"name": nil}, 0); err == nil {
		t.Fatal("a deal without a name")
	}
	if err := s.Delete(w.ctx, "deal", deal.Record.ID(), 0); err != nil {
		t.Fatal(err)
	}
	if heard != 4 {
		t.Errorf("heard of %d commits", heard)
	}
	got := w.events()[before:]
	want := []string{
		`create deal {"amount":[null,0.00],"chance":[null,10],"discount":[null,1.50],"lines":[null,0],"name":[null,"D"],"owner":[null,"` + w.people["ada"].User.String() + `"],"stage":[null,"open"],"total":[null,-1.50]}`,
		`create line {"deal":[null,"` + deal.Record.ID().String() + `"],"number":[null,"L-0001"],"owner":[null,"` + w.people["ada"].User.String() + `"],"price":[null,2.00],"quantity":[null,1],"unit":[null,2.000]}`,
		`rollup deal {"amount":[0.00,2.00],"lines":[0,1],"total":[-1.50,0.50]}`,
		`update deal {"name":["D","E"]}`,
		`delete deal`, `delete line`,
	}
	for i := range want {
		if i >= len(got) || got[i][:min(len(got[i]), len(want[i]))] != want[i] {
			t.Errorf("event %d:\n%v\nwant\n%s", i, got, want[i])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d events, want %d: %v", len(got), len(want), got)
	}
	if n := w.count("_outbox", query.Is(query.Column{Name: "depth", Storage: fieldtype.Int}, int64(3))); n != int64(len(want)) {
		t.Errorf("%d events have the depth of their session", n)
	}
	if n, err := s.Purge(w.ctx, "line", line.Record.ID()); err != nil || n != 1 {
		t.Errorf("purged %d, %v", n, err)
	}
	if got := w.events(); got[len(got)-1] != "purge line {}" || heard != 5 {
		t.Errorf("the last of %d commits was %s", heard, got[len(got)-1])
	}
}

// events are the outbox as "action object changes", members sorted.
func (w *world) events() []string {
	w.t.Helper()
	var events []string
	table := tableOf(w.t, "_outbox")
	for r, err := range w.tenant.Select(w.ctx, selectAll(table)) {
		if err != nil {
			w.t.Fatal(err)
		}
		var changes map[string][]json.RawMessage
		if err := json.Unmarshal(r[8].(json.RawMessage), &changes); err != nil {
			w.t.Fatal(err)
		}
		sorted, err := json.Marshal(changes)
		if err != nil {
			w.t.Fatal(err)
		}
		events = append(events, fmt.Sprintf("%s %s %s", r[2], r[0], sorted))
	}
	return events
}

// Plan counts the records for which a stored formula can't be computed, through others that
// are new as well; the job counts and names them.
func TestFailingFormulasAreCounted(t *testing.T) {
	w := newWorld(t).populate()
	var broken []id.ID
	for i, revenue := range []string{"0.5", "2", "1.5", "3"} {
		key := w.create(w.system(), "account", map[string]any{"name": fmt.Sprint(i), "revenue": number(revenue)}).Record.ID()
		if i%2 == 0 {
			broken = append(broken, key)
		}
	}
	change := `{"kind": "object", "name": "account", "fields": {
		"half": {"type": "formula", "result": "number", "scale": 2, "expression": "revenue"},
		"power": {"type": "formula", "result": "number", "scale": 2, "expression": "2 ** half"}}}`
	plan, err := w.catalog.Plan(w.ctx, w.tenant, catalog.Change{Documents: []json.RawMessage{json.RawMessage(change)}})
	if err != nil {
		t.Fatal(err)
	}
	var warned []string
	for _, f := range plan.Warnings {
		if f.Code == "catalog.formula_fails" {
			warned = append(warned, fmt.Sprint(f.Pointer, " ", f.Params["records"]))
		}
	}
	if fmt.Sprint(warned) != "[/object/account/fields/power/expression 2]" {
		t.Errorf("plan warns of %v", warned)
	}
	w.apply(change)
	w.work()
	jobs, err := job.List(w.ctx, w.tenant, job.Listing{Kind: catalog.JobBackfill})
	if err != nil || len(jobs) == 0 {
		t.Fatal(jobs, err)
	}
	if got, ok := record.FailuresOf(jobs[0]); !ok || got.Records != 2 || fmt.Sprint(got.First) != fmt.Sprint(broken) || got.Object != "account" {
		t.Errorf("the job tells of %+v, want %v", got, broken)
	}
	if got := w.get(w.system(), "account", broken[0], "half", "power"); got["power"] != nil || fmt.Sprint(got["half"]) != "0.50" {
		t.Errorf("a record that failed has %v", got)
	}
	// A job that a former version began has no more than an id.
	if got, ok := record.FailuresOf(&job.Job{Kind: catalog.JobBackfill, Args: []byte(`{"object":"account"}`), Cursor: []byte("77")}); !ok || got.Records != 0 {
		t.Errorf("of a former version: %+v %v", got, ok)
	}
}
