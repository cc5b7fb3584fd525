package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"formwork/engine/enginetest"
	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/metadata/packages"
)

var day = time.Date(2026, 3, 14, 9, 20, 0, 0, time.UTC)

func recipe(t testing.TB, name string) *Recipe {
	t.Helper()
	raw, err := packages.Recipe(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// memory is a Target that keeps what it gets.
type memory struct {
	records   map[string][]map[string]any
	users     map[string]id.ID // by e-mail
	passwords map[id.ID]string
	last      id.ID
	changed   map[string]int // values, by object.field
	refuse    int            // the save with this number fails
	saves     int
}

func newMemory() *memory {
	return &memory{records: map[string][]map[string]any{}, users: map[string]id.ID{}, passwords: map[id.ID]string{}}
}

var errRefused = errors.New("refused")

func (m *memory) Save(_ context.Context, object string, records []map[string]any) ([]id.ID, error) {
	if m.saves++; m.saves == m.refuse {
		return nil, errRefused
	}
	saved := make([]id.ID, len(records))
	for i, data := range records {
		m.last++
		saved[i] = m.last
		m.records[object] = append(m.records[object], data)
		if object == people {
			m.users[data["email"].(string)] = m.last
		}
	}
	return saved, nil
}

func (m *memory) Look(_ context.Context, object string) (int64, id.ID, error) {
	if n := len(m.records[object]); n > 0 {
		return int64(n), 1, nil
	}
	return 0, 0, nil
}

// Numbers has the number of every record.
func (m *memory) Numbers(_ context.Context, _ string, ids []id.ID, _ string) (map[id.ID]json.Number, error) {
	found := map[id.ID]json.Number{}
	for _, key := range ids {
		found[key] = json.Number(fmt.Sprint(int64(key)))
	}
	return found, nil
}

func (m *memory) Change(_ context.Context, object, field string, values map[id.ID]json.Number) error {
	if m.changed == nil {
		m.changed = map[string]int{}
	}
	m.changed[object+"."+field] += len(values)
	return nil
}

func (m *memory) User(_ context.Context, email string) (id.ID, error) { return m.users[email], nil }

func (m *memory) SetPassword(_ context.Context, user id.ID, password string) error {
	m.passwords[user] = password
	return nil
}

func TestTheSameSeedMakesTheSameRecords(t *testing.T) {
	made := func(seed uint64) map[string][]map[string]any {
		m := newMemory()
		l := Loader{Target: m, Recipe: recipe(t, "sales"), Seed: seed, Size: 400, Now: day}
		if _, err := l.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		return m.records
	}
	first := made(7)
	if !reflect.DeepEqual(first, made(7)) {
		t.Error("two loads with one seed differ")
	}
	if reflect.DeepEqual(first, made(8)) {
		t.Error("another seed makes the same records")
	}
}

func TestPeopleThatAreThereAreLeftAlone(t *testing.T) {
	r := recipe(t, "sales")
	m := newMemory()
	there := r.People[1]
	m.last, m.users[there.Email] = 99, 99
	l := Loader{Target: m, Recipe: r, Size: 100, Now: day, Password: "correct horse"}
	loaded, err := l.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(loaded.People) != len(r.People)-1 || len(m.records[people]) != len(loaded.People) {
		t.Errorf("%d people made, %d saved; the recipe has %d and one was there", len(loaded.People), len(m.records[people]), len(r.People))
	}
	for email, user := range m.users {
		if want := map[bool]string{true: "", false: "correct horse"}[email == there.Email]; m.passwords[user] != want {
			t.Errorf("%s has the password %q", email, m.passwords[user])
		}
	}
	if _, err = l.Load(t.Context()); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("a second load: %v", err)
	}
}

func TestALoadThatIsRefusedSaysHowFarItCame(t *testing.T) {
	r := &Recipe{Steps: []Step{{Object: "thing", Rows: 2*Batch + 1, Fields: []Field{{Name: "n", Rule: Rule{Text: "{#}"}}}}}}
	m := newMemory()
	m.refuse = 3
	loaded, err := (&Loader{Target: m, Recipe: r, Now: day}).Load(t.Context())
	if !errors.Is(err, errRefused) || loaded.Records != 2*Batch {
		t.Errorf("%d records, %v", loaded.Records, err)
	}
}

// local is a tenant with all packages, as a Target.
func local(t *testing.T) (*enginetest.Tenant, Local) {
	t.Helper()
	tenant := enginetest.New(t, enginetest.Options{}).NewTenant("main")
	return tenant, Local{Session: tenant.System, Password: func(ctx context.Context, user id.ID, password string) error {
		return tenant.Auth.SetPassword(ctx, tenant, user, password)
	}}
}

// The recipe fits the packages: every record passes every rule, people can log in,
// and everybody who sells has about the same share.
func TestTheSalesDemonstration(t *testing.T) {
	tenant, target := local(t)
	r := recipe(t, "sales")
	lastDone, lastTotal := 0, 0
	l := Loader{Target: target, Recipe: r, Seed: 1, Size: 500, Now: day, Password: "correct horse", Progress: func(done, total int) {
		if done < lastDone || total < done {
			t.Errorf("progress goes from %d of %d to %d of %d", lastDone, lastTotal, done, total)
		}
		lastDone, lastTotal = done, total
	}}
	loaded, err := l.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if lastDone != loaded.Records || lastTotal != loaded.Records {
		t.Errorf("the last progress is %d of %d, of %d records", lastDone, lastTotal, loaded.Records)
	}
	for _, p := range r.People {
		if _, _, err := tenant.Auth.Login(t.Context(), tenant, p.Email, "correct horse"); err != nil {
			t.Errorf("%s can't log in: %v", p.Email, err)
		}
	}
	if loaded.Records < 450 || loaded.Records > 750 {
		t.Errorf("%d records were made for a size of 500", loaded.Records)
	}
	for _, step := range r.Steps {
		if count, first, err := target.Look(t.Context(), step.Object); err != nil || count == 0 || first == 0 {
			t.Errorf("%s has %d records (%v)", step.Object, count, err)
		}
		if step.Owned {
			checkSpread(t, target, r, step.Object)
		}
	}

	if _, err := l.Load(t.Context()); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("loading again: %v", err)
	}
	l.More, l.Progress = true, nil
	if more, err := l.Load(t.Context()); err != nil || len(more.People) != 0 || more.Records < 400 {
		t.Errorf("loading more: %d people, %d records, %v", len(more.People), more.Records, err)
	}
}

// What people see of the demonstration is what they would believe: deals are worth what
// their items cost, what is closed lies behind and what is open mostly ahead, and some is late.
func TestWhatPeopleSee(t *testing.T) {
	_, target := local(t)
	l := Loader{Target: target, Recipe: recipe(t, "sales"), Seed: 2, Size: 1000, Now: enginetest.Start, Password: "correct horse"}
	if _, err := l.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	today := l.Now.Format(time.DateOnly)
	count := func(object, filter string) int64 {
		t.Helper()
		page, err := target.Session().List(t.Context(), object, record.ListQuery{Filter: filter, Limit: 1, Total: record.ExactTotal})
		if err != nil {
			t.Fatal(filter, err)
		}
		return *page.Total
	}
	for _, never := range []struct{ object, filter string }{
		{"opportunity", `amount != items_total or amount <= 0`},
		{"opportunity", `stage in ["won", "lost"] and close_date > "` + today + `"`},
		{"opportunity", `stage == "lost" and loss_reason == nil`},
		{"opportunity", `account == nil or not owner.active`},
		{"lead", `status == "unqualified" and unqualified_reason == nil`},
		{"task", `status == "done" and (completed_at == nil or due > "` + today + `")`},
		{"call", `at > now()`},
		{"line_item", `unit_price == nil or total <= 0`},
	} {
		if n := count(never.object, never.filter); n != 0 {
			t.Errorf("%d of %s: %s", n, never.object, never.filter)
		}
	}
	for _, some := range []struct {
		object, filter string
		least, most    int64
	}{
		{"opportunity", `stage == "won"`, 25, 90},
		{"opportunity", `stage == "lost"`, 10, 50},
		{"opportunity", `stage not in ["won", "lost"] and close_date < today()`, 3, 60},
		{"opportunity", `stage not in ["won", "lost"] and close_date >= today()`, 30, 120},
		{"opportunity", `stage == "won" and close_date < addDays(today(), -365)`, 8, 60},
		{"opportunity", `account.name contains "有限公司" and name contains "有限公司"`, 30, 50},
		{"contact", `account.name contains "有限公司" and first_name != nil`, 0, 0},
		{"task", `overdue`, 3, 40},
		{"note", `title == "拜访记录"`, 5, 20},
	} {
		if n := count(some.object, some.filter); n < some.least || n > some.most {
			t.Errorf("%d of %s, not %d to %d: %s", n, some.object, some.least, some.most, some.filter)
		}
	}
	late, early := 0, 0
	rows, err := target.Session().Aggregate(t.Context(), "opportunity", record.AggregateQuery{Group: []record.GroupBy{{Field: "close_date"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		var read struct {
			Day   string `json:"close_date"`
			Count int    `json:"count"`
		}
		if err := json.Unmarshal(row.AppendJSON(nil), &read); err != nil {
			t.Fatal(err)
		}
		day, err := time.Parse(time.DateOnly, read.Day)
		if err != nil {
			t.Fatal(err)
		}
		if inQuarter(day) >= 45 {
			late += read.Count
		} else {
			early += read.Count
		}
	}
	if late*2 < early*3 {
		t.Errorf("%d deals close late in a quarter and %d early", late, early)
	}
}

func checkSpread(t *testing.T, target Local, r *Recipe, object string) {
	t.Helper()
	rows, err := target.Session().Aggregate(t.Context(), object, record.AggregateQuery{Group: []record.GroupBy{{Field: "owner"}}})
	if err != nil {
		t.Fatal(err)
	}
	sellers := 0
	for _, p := range r.People {
		if p.Sells {
			sellers++
		}
	}
	least, most := int64(1<<40), int64(0)
	for _, row := range rows {
		var read struct {
			Owner string `json:"owner"`
			Count int64  `json:"count"`
		}
		if err := json.Unmarshal(row.AppendJSON(nil), &read); err != nil {
			t.Fatal(err)
		}
		least, most = min(least, read.Count), max(most, read.Count)
	}
	if len(rows) != sellers || most-least > 2 {
		t.Errorf("%s: %d of %d people own from %d to %d records", object, len(rows), sellers, least, most)
	}
}

// What a field of a step may be is tried with one step after another that makes "thing".
func TestRecipesThatCannotBeFollowed(t *testing.T) {
	step := func(s string) string {
		return `{"lists": {"word": ["a"]}, "steps": [{"object": "thing", "rows": 1}, ` + s + `]}`
	}
	field := func(s string) string { return step(`{"object": "other", "rows": 1, "fields": [` + s + `]}`) }
	for _, c := range []struct{ recipe, problem string }{
		{`{"steps": [{"object": "thing", "rows": 1, "colour": 1}]}`, "unknown field"},
		{`{} {}`, "something follows"},
		{step(`{"rows": 1}`), "names no object"},
		{step(`{"object": "other"}`), "exactly one"},
		{step(`{"object": "other", "rows": 1, "share": 0.5}`), "exactly one"},
		{step(`{"object": "other", "rows": -1}`), "exactly one"},
		{step(`{"object": "other", "each": "else", "times": [1, 1]}`), `no step before makes "else"`},
		{step(`{"object": "other", "each": "thing"}`), "times"},
		{step(`{"object": "other", "each": "thing", "times": [3, 2]}`), "times"},
		{step(`{"object": "other", "rows": 3, "times": [1, 2]}`), "times"},
		{step(`{"object": "other", "take": {"a": "b"}}`), "a step before made"},
		{step(`{"object": "thing", "take": {"a": "b"}, "rows": 1}`), "exactly one"},
		{step(`{"object": "thing", "take": {"a": "b"}, "owned": true}`), "nothing else"},
		{step(`{"object": "other", "as": "thing", "rows": 1}`), "is taken"},
		{field(`{"text": "x"}`), "no name"},
		{field(`{"name": "f", "text": "x", "late_in_quarter": true}`), "goes with days"},
		{field(`{"name": "f", "text": "{g.name}"}`), "reference before it"},
		{field(`{"name": "f"}`), "0 ways"},
		{field(`{"name": "f", "pick": []}`), "0 ways"},
		{field(`{"name": "f", "text": "x", "this": true}`), "2 ways"},
		{field(`{"name": "f", "text": "x", "chance": 2}`), "chance"},
		{field(`{"name": "f", "text": "{word"}`), "open brace"},
		{field(`{"name": "f", "text": "{words}"}`), "names no list"},
		{field(`{"name": "f", "text": "{.g}"}`), "names no field"},
		{field(`{"name": "g", "text": "x", "chance": 0.5}, {"name": "f", "text": "{~.g}"}`), "always has a value"},
		{field(`{"name": "f", "this": true}`), "each"},
		{field(`{"name": "f", "weigh": {"a": 0}}`), "weight"},
		{field(`{"name": "f", "number": {"from": 2, "to": 1}}`), "upside down"},
		{field(`{"name": "f", "days": [2, 1]}`), "upside down"},
		{field(`{"name": "f", "hours": [2, 1]}`), "upside down"},
		{field(`{"name": "f", "hours": [1, 2], "after": "g"}`), "after"},
		{field(`{"name": "g", "text": "x"}, {"name": "f", "days": [1, 2], "after": "g"}`), "after"},
		{field(`{"name": "f", "ref": "else"}`), "no step before"},
		{field(`{"name": "f", "about": ["thing", "else"]}`), "no step before"},
		{field(`{"name": "f", "copy": "g.h"}`), "reference before it"},
		{field(`{"name": "g", "ref": "thing"}, {"name": "f", "copy": "g"}`), "reference before it"},
		{field(`{"name": "f", "case": {"a": {"text": "x"}}}`), "by goes with case"},
		{field(`{"name": "g", "text": "x"}, {"name": "f", "by": "g", "case": {"a": {}}}`), "case a"},
		{field(`{"name": "f", "parts": [{"name": "p", "text": "{none}"}]}`), "names no list"},
	} {
		if _, err := Parse([]byte(c.recipe)); err == nil || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s\n\tgives %v, not %q", c.recipe, err, c.problem)
		}
	}
}

func TestValues(t *testing.T) {
	r, err := Parse([]byte(`{"lists": {"word": ["Grüne Welle"]}, "steps": [
		{"object": "thing", "rows": 3, "fields": [{"name": "price", "number": {"from": 5, "to": 9, "few_large": true}}]},
		{"object": "other", "each": "thing", "times": [2, 2], "fields": [
			{"name": "of", "this": true},
			{"name": "price", "copy": "of.price"},
			{"name": "title", "text": "{word} {#}"},
			{"name": "site", "text": "https://{~.title}.example.com"},
			{"name": "begin", "hours": [-3, 3]},
			{"name": "end", "hours": [1, 1], "after": "begin"},
			{"name": "on", "days": [1, 1]},
			{"name": "kind", "weigh": {"a": 1}},
			{"name": "reason", "by": "kind", "case": {"a": {"pick": [17]}, "b": {"pick": [18]}}},
			{"name": "none", "by": "kind", "case": {"b": {"pick": [18]}}},
			{"name": "rounded", "number": {"from": 10, "to": 29, "round": 10}},
			{"name": "where", "parts": [{"name": "city", "text": "{.title}"}]},
			{"name": "about", "about": ["thing"]},
			{"name": "told", "text": "at {of.price}"}]},
		{"object": "thing", "take": {"price": "cost"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	m := newMemory()
	if _, err := (&Loader{Target: m, Recipe: r, Seed: 3, Now: day}).Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := m.changed["thing.price"]; got != 3 {
		t.Errorf("%d prices were taken over", got)
	}
	if len(m.records["other"]) != 6 {
		t.Fatalf("%d records for 3 with 2 each", len(m.records["other"]))
	}
	for i, got := range m.records["other"] {
		of, _ := id.Parse(got["of"].(string))
		title := fmt.Sprintf("Grüne Welle %d", i+4)
		begin, err := time.Parse(time.RFC3339, got["begin"].(string))
		if err != nil {
			t.Fatal(err)
		}
		rounded := got["rounded"].(json.Number)
		if rounded != "10" && rounded != "20" {
			t.Errorf("10 to 29 in tens: %s", rounded)
		}
		want := map[string]any{"of": got["of"], "price": m.records["thing"][of-1]["price"], "title": title,
			"site": fmt.Sprintf("https://grnewelle%d.example.com", i+4), "begin": got["begin"], "end": begin.Add(time.Hour).Format(time.RFC3339),
			"on": "2026-03-15", "kind": "a", "reason": json.Number("17"), "rounded": rounded, "where": map[string]any{"city": title},
			"about": got["about"], "told": fmt.Sprint("at ", m.records["thing"][of-1]["price"])}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	raw, err := packages.Recipe("sales")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"lists": {"w": ["a"]}, "steps": [{"object": "o", "rows": 2, "fields": [{"name": "f", "text": "{w} {~#}"}]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := Parse(raw)
		if err != nil {
			return
		}
		if len(r.Steps) > 8 {
			return
		}
		for i := range r.Steps {
			r.Steps[i].Rows = min(r.Steps[i].Rows, 3)
			r.Steps[i].Share = min(r.Steps[i].Share, 1)
			r.Steps[i].Times = [2]int{min(r.Steps[i].Times[0], 1), min(r.Steps[i].Times[1], 2)}
		}
		if _, err := (&Loader{Target: newMemory(), Recipe: r, Size: 3, Now: day}).Load(t.Context()); err != nil {
			t.Fatalf("a recipe that was accepted can't be followed: %v", err)
		}
	})
}
