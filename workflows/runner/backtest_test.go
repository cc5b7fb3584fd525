package runner_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/workflows/runner"
)

// backtested are workflows that do nothing, by what sets them off and when.
var backtested = map[string]string{
	"all":      `"trigger":{"type":"after_save","on":["create","update","delete"]}`,
	"large":    `"trigger":{"type":"after_save","on":["create","update"],"fields":["amount","size"]},"when":"amount > 50 and size != 'small'"`,
	"turned":   `"trigger":{"type":"after_save","on":["update"]},"when":"old.amount != amount and (old.amount ?? 0) < (amount ?? 0)"`,
	"net":      `"trigger":{"type":"after_save","on":["create","update","delete"],"fields":["net"]},"when":"net > 40"`,
	"gone":     `"trigger":{"type":"after_save","on":["delete"]},"when":"stage == 'won' or note != nil"`,
	"won":      `"trigger":{"type":"stage","entered":["won"]},"when":"amount > 20"`,
	"left":     `"trigger":{"type":"stage","left":["new"]}`,
	"by_rob":   `"trigger":{"type":"after_save","on":["create","update"]},"when":"user.email == 'rob@example.com' and owner != user"`,
	"today":    `"trigger":{"type":"after_save","on":["create","update"]},"when":"closes != nil and closes > today()"`,
	"city":     `"trigger":{"type":"after_save","on":["update"]},"when":"old.at.city != at.city or days > 2"`,
	"fails":    `"trigger":{"type":"after_save","on":["create","update"]},"when":"amount * 1000000000000 * 1000000000 > 1"`,
	"of_gold":  `"trigger":{"type":"after_save","on":["create","update"]},"when":"account.tier == 'gold' and old.account != account"`,
	"often":    `"trigger":{"type":"schedule","cron":"0 */3 * * *","timezone":"Asia/Kolkata"},"when":"amount > 50 and stage == 'offered'"`,
	"stale":    `"trigger":{"type":"schedule","cron":"30 1,9,17 * * *"},"when":"updated_at < now() - minutes(370) and (updated_by == nil or size != 'small')"`,
	"tomorrow": `"trigger":{"type":"date","field":"closes","days":-1,"at":"09:00","timezone":"Asia/Shanghai"},"when":"stage != 'lost'"`,
	"met_on":   `"trigger":{"type":"date","field":"meets","at":"18:30","timezone":"America/New_York"},"when":"closes >= today()"`,
	"soon":     `"trigger":{"type":"moment","field":"meets","before":"1h"}`,
	"met":      `"trigger":{"type":"moment","field":"meets","after":"30m"},"when":"size == 'large' or note != nil"`,
	"new_ones": `"trigger":{"type":"after_save","on":["create"]},"when":"old.name == nil and stage == 'offered'"`,
}

func backtestedDocument(name, says, and string) json.RawMessage {
	doc := fmt.Sprintf(`{"kind":"workflow","name":%q,"object":"pitch",%s,"start":"a","steps":{"a":{"type":"stop"}}}`, name, says)
	if and == "" {
		return json.RawMessage(doc)
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(doc), &members); err != nil {
		panic(err)
	}
	if when, ok := members["when"]; ok {
		and = fmt.Sprintf("(%s) and %s", when, and)
	}
	members["when"] = and
	raw, _ := json.Marshal(members)
	return raw
}

// pitch is what they are about; days is computed when it is read.
const pitch = `{"kind":"object","name":"pitch","label":"Pitch","name_field":"name","fields":{
	"name":{"type":"text","required":true},"account":{"type":"lookup","object":"account"},"amount":{"type":"number","scale":2},"discount":{"type":"percent","scale":2},
	"net":{"type":"formula","result":"number","scale":2,"expression":"amount * (1 - (discount ?? 0) / 100)"},"days":{"type":"formula","result":"number","expression":"closes - today()"},
	"size":{"type":"picklist","options":{"small":{},"medium":{},"large":{}}},"closes":{"type":"date"},"meets":{"type":"datetime"},"note":{"type":"text"},"at":{"type":"address"},
	"stage":{"type":"picklist","default":"new","options":{"new":{},"offered":{},"won":{},"lost":{}}}},
	"stages":{"field":"stage","stages":{"new":{"initial":true},"offered":{"initial":true},"won":{"initial":true},"lost":{"initial":true}}}}`

const pitchers = `{"kind":"permission","name":"seller","label":"Seller","objects":{"user":{"read":true,"read_all":true,"fields":{"*":"read"}},"account":{"read":true,"read_all":true,"fields":{"*":"read"}},
	"pitch":{"create":true,"read":true,"read_all":true,"update":true,"write_all":true,"delete":true,"fields":{"*":"edit"}}}}`

// pitching changes random pitches at random, as several people.
type pitching struct {
	*stage
	r     *rand.Rand
	there []id.ID
	bin   []id.ID
	made  int
	of    []id.ID // accounts
}

func (d *pitching) values() map[string]any {
	all := map[string]func() any{
		"amount":   func() any { return fmt.Sprint(d.r.IntN(100)) },
		"discount": func() any { return fmt.Sprint(d.r.IntN(50)) },
		"size":     func() any { return []string{"small", "medium", "large"}[d.r.IntN(3)] },
		"stage":    func() any { return []string{"new", "offered", "won", "lost"}[d.r.IntN(4)] },
		"note":     func() any { return fmt.Sprint("note ", d.r.IntN(3)) },
		"closes":   func() any { return d.Now().AddDate(0, 0, d.r.IntN(9)-4).Format(time.DateOnly) },
		"meets":    func() any { return d.Now().Add(time.Duration(d.r.IntN(16)-3) * tick).UTC().Format(time.RFC3339) },
		"account":  func() any { return d.of[d.r.IntN(len(d.of))].String() },
		"owner":    func() any { return d.kept[[]string{"rob", "rita"}[d.r.IntN(2)]].String() },
		"at":       func() any { return map[string]any{"city": []string{"Aachen", "Bonn"}[d.r.IntN(2)], "country": "DE"} },
	}
	values := map[string]any{}
	names := slices.Sorted(maps.Keys(all))
	for range 1 + d.r.IntN(4) {
		name := names[d.r.IntN(len(names))]
		if values[name] = all[name](); d.r.IntN(5) == 0 && name != "stage" && name != "owner" {
			values[name] = nil
		}
	}
	return values
}

// step does one thing.
func (d *pitching) step(t *testing.T) {
	t.Helper()
	session := d.System()
	if who := []string{"", "rob", "rita"}[d.r.IntN(3)]; who != "" {
		session = d.As(d.people[who])
	}
	what := d.r.IntN(10)
	switch {
	case len(d.there) == 0 || what < 2 && len(d.there) < 12:
		values := d.values()
		values["name"] = fmt.Sprint("D", d.made)
		d.made++
		made, err := session.Create(t.Context(), "pitch", values)
		if err != nil {
			t.Fatal(err)
		}
		d.there = append(d.there, made.Record.ID())
	case what == 2:
		i := d.r.IntN(len(d.there))
		if err := session.Delete(t.Context(), "pitch", d.there[i], 0); err != nil {
			t.Fatal(err)
		}
		d.bin, d.there = append(d.bin, d.there[i]), slices.Delete(d.there, i, i+1)
	case what == 3 && len(d.bin) > 0:
		i := d.r.IntN(len(d.bin))
		if _, err := d.System().Restore(t.Context(), "pitch", d.bin[i]); err != nil {
			t.Fatal(err)
		}
		d.there, d.bin = append(d.there, d.bin[i]), slices.Delete(d.bin, i, i+1)
	default:
		if _, err := session.Update(t.Context(), "pitch", d.there[d.r.IntN(len(d.there))], d.values(), 0); err != nil {
			t.Fatal(err)
		}
	}
}

// tick divides all times at which something is due.
const tick = 30 * time.Minute

// pass has the time be that of the next tick, and what is due then be done.
func (d *pitching) pass(t *testing.T) {
	t.Helper()
	d.passed.Add(int64(d.Now().Truncate(tick).Add(tick).Sub(d.Now())))
	d.settle(t)
}

// What a back-test says of a workflow that was there is what was really set off: as often on each record, and the newest by the same
// people.
func TestBacktestSaysWhatHappened(t *testing.T) {
	edits := 300
	if testing.Short() {
		edits = 150
	}
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, read[[]json.RawMessage](t, "testdata/world.json"), scenario{}, "core")
			change := catalog.Change{Documents: []json.RawMessage{json.RawMessage(pitch), json.RawMessage(pitchers)}}
			for name, says := range backtested {
				change.Documents = append(change.Documents, backtestedDocument(name, says, ""))
			}
			if _, err := s.Catalog.Apply(t.Context(), s.Tenant.Tenant, change, 0); err != nil {
				t.Fatalf("%v %v", err, problems(err))
			}
			d := &pitching{stage: s, r: rand.New(rand.NewPCG(seed, 1))}
			for _, tier := range []string{"gold", "silver"} {
				made, err := s.System().Create(t.Context(), "account", map[string]any{"name": tier, "tier": tier})
				if err != nil {
					t.Fatal(err)
				}
				d.of = append(d.of, made.Record.ID())
			}
			d.pass(t)
			for range edits {
				d.step(t)
				s.caughtUp(t) // else a record may be gone before its runs begin
				for range d.r.IntN(5) {
					d.pass(t)
				}
			}
			s.settle(t)
			d.passed.Add(int64(tick / 3)) // no change was made this time of some day
			for name, says := range backtested {
				d.compares(t, name, says)
			}
			d.walks(t)
		})
	}
}

// walks holds that records are rebuilt alike whatever there is room for, and that a walk says how far it came.
func (d *pitching) walks(t *testing.T) {
	t.Helper()
	walk := func(b record.PastBounds) (all []string, w record.PastWalked) {
		b.Enough = func() bool { return false }
		w, err := d.System().Walk(t.Context(), "pitch", d.Now().AddDate(0, 0, -300), b, func(c *record.PastChange) error {
			all = append(all, fmt.Sprint(c.At.UnixMilli(), c.Record, c.Action, c.Before, c.After))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return all, w
	}
	const room = 1 << 30
	all, w := walk(record.PastBounds{Changes: room, Bytes: room, Held: room})
	if w.Partial || w.Changes != len(all) {
		t.Fatalf("of %d changes %d are told: %+v", w.Changes, len(all), w)
	}
	if without, _ := walk(record.PastBounds{Changes: room, Bytes: room, Held: 1}); !slices.Equal(without, all) {
		t.Error("without room records are rebuilt otherwise")
	}
	some, w := walk(record.PastBounds{Changes: 20, Bytes: room, Held: room})
	at := func(i int) time.Time {
		ms, err := strconv.ParseInt(all[i][:13], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return time.UnixMilli(ms)
	}
	if !w.Partial || !slices.Equal(some, all[:20]) || !w.Since.After(at(20)) || w.Since.After(at(19).Add(time.Second)) {
		t.Errorf("of 20 changes %d are told, since %v: %+v", len(some), w.Since, w)
	}
	if few, w := walk(record.PastBounds{Changes: room, Bytes: 1, Held: room}); !w.Partial || len(few) > 0 {
		t.Errorf("with no bytes left %d changes are told: %+v", len(few), w)
	}
}

// runsOf are all runs of a workflow, newest first.
func (s *stage) runsOf(t *testing.T, workflow string) (all []*runner.Run) {
	t.Helper()
	for before := id.ID(0); ; before = all[len(all)-1].ID {
		page, err := runner.List(t.Context(), s.Tenant.Tenant, runner.Listing{Workflow: workflow, Before: before, Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, page...); len(page) < 500 {
			return all
		}
	}
}

func (s *stage) backtest(t *testing.T, doc json.RawMessage, days int) *runner.Backtest {
	t.Helper()
	b, err := s.Workflows.Backtest(t.Context(), s.Tenant.Tenant, s.people["admin"], runner.Backtesting{Document: doc, Days: days})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (d *pitching) compares(t *testing.T, name, says string) {
	t.Helper()
	type firing struct{ record, by id.ID }
	const lately = 4 // days
	var want []firing
	per, failed, recent := map[id.ID]int{}, 0, 0
	for _, run := range d.runsOf(t, name) {
		if run.State == runner.Failed {
			failed++
			continue
		}
		want = append(want, firing{run.Record, run.By})
		per[run.Record]++
		if run.ID.Time().After(d.Now().AddDate(0, 0, -lately)) {
			recent++
		}
	}
	if b := d.backtest(t, backtestedDocument(name, says, ""), lately); b.Fired != recent {
		t.Errorf("%s fired %d times in the last days; back-tested it fires %d times of %d changes", name, recent, b.Fired, b.Changes)
	}
	b := d.backtest(t, backtestedDocument(name, says, ""), 300)
	if b.Partial || b.Gone > 0 || b.Fired != len(want) || b.Failed != failed || failed > 0 && b.Fault == nil {
		t.Errorf("%s fired %d times and failed %d times; back-tested it fires %d and fails %d times of %d changes", name, len(want), failed, b.Fired, b.Failed, b.Changes)
	}
	if name == "fails" && failed == 0 || name != "fails" && len(want) == 0 && !testing.Short() {
		t.Errorf("%s was never set off, so that this shows nothing", name)
	}
	days := 0
	for _, day := range b.Days {
		days += day.Fired
	}
	if days != b.Fired {
		t.Errorf("%s fires %d times, and by days %d times", name, b.Fired, days)
	}
	var got []firing
	for _, e := range b.Examples {
		got = append(got, firing{e.Record, e.By})
	}
	if want = want[:min(len(want), 20)]; !slices.Equal(got, want) {
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Errorf("%s: example %d is %v, want %v", name, i, got[i], want[i])
				break
			}
		}

	}
	for _, key := range slices.Concat(d.there, d.bin) {
		deal, err := d.System().Get(t.Context(), "pitch", key, []string{"name"})
		if err != nil {
			continue // in the bin
		}
		of := fmt.Sprintf("name == '%s'", decoded(t, deal)["name"])
		if name != "fails" && d.r.IntN(4) == 0 {
			if b := d.backtest(t, backtestedDocument(name, says, of), 300); b.Fired != per[key] {
				t.Errorf("%s was set off %d times on %v; back-tested %d times", name, per[key], key, b.Fired)
			}
		}
	}
}

// backtesting is a back-test as scenarios write it, and what it is to say.
type backtesting struct {
	Workflow string         `json:"workflow"` // one that is there, or
	Document map[string]any `json:"document"`
	Days     int            `json:"days"`
	Changes  int            `json:"changes"`
	Records  int            `json:"records"` // looked at for what the clock sets off
	Gone     int            `json:"gone"`
	Fired    int            `json:"fired"`
	Failed   int            `json:"failed"`
	Now      []string       `json:"now"`
	Examples []string       `json:"examples"` // "action $record", newest first; "time $record" or "time" of what the clock sets off
	Tried    []wantedRun    `json:"tried"`    // of those that were tried
}

// backtests plays one. Nothing that is kept is another afterwards.
func (s *stage) backtests(t *testing.T, at string, d deed) error {
	t.Helper()
	of := runner.Backtesting{Workflow: d.Backtest.Workflow, Days: d.Backtest.Days}
	if d.Backtest.Document != nil {
		raw, err := json.Marshal(d.Backtest.Document)
		if err != nil {
			t.Fatal(err)
		}
		of.Document = raw
	}
	s.settle(t) // consumers note how far they came
	var before, after bytes.Buffer
	if err := s.Tenant.Dump(t.Context(), &before); err != nil {
		t.Fatal(err)
	}
	by := s.people[cmp.Or(d.As, "admin")]
	b, err := s.Workflows.Backtest(t.Context(), s.Tenant.Tenant, by, of)
	if err := s.Tenant.Dump(t.Context(), &after); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before.Bytes(), after.Bytes()) {
		t.Fatalf("%s: something was kept", at)
	}
	if err != nil {
		return err
	}
	got := backtesting{Changes: b.Changes, Records: b.Records, Gone: b.Gone, Fired: b.Fired, Failed: b.Failed, Now: b.Now}
	want := *d.Backtest
	var tried []*runner.Run
	for _, e := range b.Examples {
		what := string(e.Action)
		if what == "" {
			what = e.At.UTC().Format("01-02T15:04")
		}
		if e.Record != 0 {
			what = s.named(fmt.Sprintf("%s %v", what, e.Record))
		}
		got.Examples = append(got.Examples, what)
		if e.Tried != nil {
			tried = append(tried, e.Tried)
		}
	}
	if got.Changes != want.Changes || got.Records != want.Records || got.Gone != want.Gone || got.Fired != want.Fired || got.Failed != want.Failed || !slices.Equal(got.Now, want.Now) || !slices.Equal(got.Examples, want.Examples) {
		t.Fatalf("%s: the back-test says %+v, want %+v", at, got, want)
	}
	if len(tried) != len(want.Tried) {
		t.Fatalf("%s: %d were tried, want %d", at, len(tried), len(want.Tried))
	}
	for i, run := range tried {
		if trace := s.trace(run, "en"); run.State != want.Tried[i].State || want.Tried[i].Trace != nil && !slices.Equal(trace, want.Tried[i].Trace) {
			t.Fatalf("%s: %d is tried %s and does\n%q, want\n%q", at, i+1, run.State, trace, want.Tried[i].Trace)
		}
	}
	return nil
}
