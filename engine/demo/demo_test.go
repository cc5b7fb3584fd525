package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
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
	changed   []change
	made      map[id.ID]time.Time
	refuse    int // the save with this number fails
	saves     int
}

// change is a change of a record, in the order in which they were saved.
type change struct {
	object string
	Record
}

func newMemory() *memory {
	return &memory{made: map[id.ID]time.Time{}, records: map[string][]map[string]any{}, users: map[string]id.ID{}, passwords: map[id.ID]string{}}
}

var errRefused = errors.New("refused")

func (m *memory) Save(_ context.Context, object string, records []Record) ([]id.ID, error) {
	if m.saves++; m.saves == m.refuse {
		return nil, errRefused
	}
	saved := make([]id.ID, len(records))
	for i, r := range records {
		if saved[i] = r.ID; r.ID != 0 {
			m.changed = append(m.changed, change{object, r})
			continue
		}
		m.last++
		saved[i] = m.last
		m.records[object] = append(m.records[object], r.Data)
		m.made[m.last] = r.At
		if object == people {
			m.users[r.Data["email"].(string)] = m.last
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

func (m *memory) User(_ context.Context, email string) (id.ID, error) { return m.users[email], nil }

func (m *memory) SetPassword(_ context.Context, user id.ID, password string) error {
	m.passwords[user] = password
	return nil
}

func TestTheSameSeedMakesTheSameRecords(t *testing.T) {
	made := func(seed uint64) *memory {
		m := newMemory()
		l := Loader{Target: m, Recipe: recipe(t, "sales"), Seed: seed, Size: 400, Now: day}
		if _, err := l.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.passwords = nil
		return m
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
	return tenant, localOf(tenant)
}

func localOf(tenant *enginetest.Tenant) Local {
	return Local{Session: tenant.System, Password: func(ctx context.Context, user id.ID, password string) error {
		return tenant.Auth.SetPassword(ctx, tenant, user, password)
	}}
}

// The recipe fits the packages: every record passes every rule, people can log in,
// and everybody who sells, or sells in a team, has about the same share.
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
			checkSpread(t, target, r, step)
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

// What must be unique has a running number, or is made once: what is drawn from lists comes again sooner or later, when more
// is made, as can be of sales.
func TestWhatIsUniqueStaysSoWhenMoreIsMade(t *testing.T) {
	tenant, _ := local(t)
	objects, checked := tenant.Snapshot().Objects, 0
	for _, step := range recipe(t, "sales").Steps {
		o := objects[step.Object]
		if step.Once || o == nil {
			continue
		}
		for _, f := range step.Fields {
			if field := o.Doc.Fields[f.Name]; field == nil || !field.Unique {
				continue
			}
			if checked++; !strings.Contains(f.Text, "{#}") {
				t.Errorf("%s.%s is unique and made of %q", step.Object, f.Name, f.Text)
			}
		}
	}
	if checked == 0 {
		t.Error("nothing that is made is unique")
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
		{"task", `about != nil and owner == nil`},
		{"call", `at > now()`},
		{"lead", `status == "converted" and (converted_account == nil or converted_contact == nil or converted_opportunity == nil or converted_at == nil)`},
		{"lead", `status != "converted" and converted_at != nil`},
		{"account", `name contains "有限公司" and not ("中国区" in owner.teams)`},
		{"account", `not (name contains "有限公司") and not ("International" in owner.teams)`},
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
		{"contact", `account.name contains "有限公司" and (first_name == nil or name contains " ")`, 0, 0},
		{"contact", `not (account.name contains "有限公司") and not (name contains " ")`, 0, 0},
		{"opportunity", `stage == "won" and date(created_at) < addDays(today(), -365)`, 8, 60},
		{"lead", `status == "converted"`, 50, 120},
		{"task", `overdue`, 3, 40},
		{"task", `status == "done" and date(completed_at) < addDays(today(), -100)`, 10, 40},
		{"team", `name in ["International", "中国区"]`, 2, 2},
		{"user", `"International" in teams`, 2, 5},
		{"user", `"中国区" in teams`, 2, 5},
		{"note", `title == "拜访记录"`, 5, 20},
	} {
		if n := count(some.object, some.filter); n < some.least || n > some.most {
			t.Errorf("%d of %s, not %d to %d: %s", n, some.object, some.least, some.most, some.filter)
		}
	}
	checkTimes(t, target)
	checkHistories(t, target)
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

// checkTimes compares fields that no filter compares.
func checkTimes(t *testing.T, target Local) {
	t.Helper()
	for _, c := range []struct {
		object string
		fields []string
		holds  func(v map[string]string) bool
	}{
		{"contact", []string{"owner", "account.owner", "created_at", "account.created_at"}, func(v map[string]string) bool {
			return v["owner"] == v["account.owner"] && v["created_at"] > v["account.created_at"]
		}},
		{"opportunity", []string{"owner", "account", "account.owner", "contact.account", "created_at", "contact.created_at", "updated_at", "close_date", "closed"}, func(v map[string]string) bool {
			return v["owner"] == v["account.owner"] && v["account"] == v["contact.account"] && v["created_at"] > v["contact.created_at"] &&
				(v["closed"] != "true" || strings.HasPrefix(v["updated_at"], v["close_date"]))
		}},
		{"line_item", []string{"created_at", "opportunity.created_at"}, func(v map[string]string) bool { return v["created_at"] == v["opportunity.created_at"] }},
		{"lead", []string{"status", "company", "created_at", "converted_at", "converted_account", "converted_account.name", "converted_contact", "converted_opportunity.account",
			"converted_opportunity.contact", "converted_opportunity.created_at"}, func(v map[string]string) bool {
			return v["status"] != "converted" || v["converted_account"] == v["converted_opportunity.account"] && v["converted_contact"] == v["converted_opportunity.contact"] &&
				v["company"] == v["converted_account.name"] && v["converted_at"] == v["converted_opportunity.created_at"] && v["created_at"] < v["converted_at"]
		}},
		{"task", []string{"status", "due", "created_at", "completed_at"}, func(v map[string]string) bool {
			return v["status"] != "done" || v["created_at"] < v["completed_at"] && strings.HasPrefix(v["completed_at"], v["due"])
		}},
		{"call", []string{"at", "created_at"}, func(v map[string]string) bool { return v["at"] == v["created_at"] }},
		{"event", []string{"start", "created_at"}, func(v map[string]string) bool { return v["start"] >= v["created_at"] }},
		{"team", []string{"name", "lead.teams"}, func(v map[string]string) bool { return strings.Contains(v["lead.teams"], v["name"]) }},
	} {
		n := 0
		for r, err := range target.Session().Each(t.Context(), c.object, record.ListQuery{Fields: c.fields}) {
			if err != nil {
				t.Fatal(c.object, err)
			}
			var read map[string]any
			if err := json.Unmarshal(r.AppendJSON(nil), &read); err != nil {
				t.Fatal(c.object, err)
			}
			values := map[string]string{}
			for name, v := range read {
				values[name] = fmt.Sprint(v)
			}
			if !c.holds(values) {
				t.Errorf("%s: %v", c.object, values)
			}
			n++
		}
		if n == 0 {
			t.Errorf("there is no %s", c.object)
		}
	}
}

// checkHistories looks at how deals were won: step after step, in the past.
func checkHistories(t *testing.T, target Local) {
	t.Helper()
	page, err := target.Session().List(t.Context(), "opportunity", record.ListQuery{Filter: `stage == "won"`, Fields: []string{"created_at", "updated_at"}, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, deal := range page.Items {
		history, err := target.Session().History(t.Context(), "opportunity", deal.ID(), "", 100)
		if err != nil {
			t.Fatal(err)
		}
		before, stages := time.Time{}, []string{}
		for _, e := range slices.Backward(history.Items) {
			if !e.At.After(before) || !e.At.Before(e.RecordedAt) {
				t.Errorf("%s: a change of %v after one of %v, recorded %v", deal.ID(), e.At, before, e.RecordedAt)
			}
			before = e.At
			for _, c := range e.Changes {
				if c.Field == "stage" {
					stages = append(stages, string(c.To))
				}
			}
		}
		if len(history.Items) < 3 || !slices.Equal(stages, []string{`"proposal"`, `"negotiation"`, `"won"`}) {
			t.Errorf("%s: %d entries, through %s", deal.ID(), len(history.Items), stages)
		}
	}
}

// checkSpread looks at whose the records of a step are. Converted leads are of who has the
// deal, and are not spread.
func checkSpread(t *testing.T, target Local, r *Recipe, s Step) {
	t.Helper()
	least, most := int64(1<<40), int64(0)
	for _, p := range r.People {
		if !p.Sells || s.Team != "" && !slices.Contains(p.Teams, s.Team) {
			continue
		}
		filter := fmt.Sprintf("owner.email == %q", p.Email)
		if s.Object == "lead" {
			filter += ` and status != "converted"`
		}
		page, err := target.Session().List(t.Context(), s.Object, record.ListQuery{Filter: filter, Limit: 1, Total: record.ExactTotal})
		if err != nil {
			t.Fatal(err)
		}
		least, most = min(least, *page.Total), max(most, *page.Total)
	}
	if least == 0 || most-least > 2 {
		t.Errorf("of %s people own from %d to %d records", s.Object, least, most)
	}
}

// What a field of a step may be is tried with one step after another that makes "thing".
func TestRecipesThatCannotBeFollowed(t *testing.T) {
	step := func(s string) string {
		return `{"lists": {"word": ["a"]}, "steps": [{"object": "thing", "rows": 1}, ` + s + `]}`
	}
	field := func(s string) string { return step(`{"object": "other", "rows": 1, "fields": [` + s + `]}`) }
	past := func(s string) string {
		return step(`{"object": "other", "rows": 1, "fields": [{"name": "f", "text": "a"}], "past": {` + s + `}}`)
	}
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
		{field(`{"name": "f", "person": "nobody@example.com"}`), "nobody has"},
		{step(`{"object": "other", "rows": 1, "team": "none"}`), "team"},
		{step(`{"object": "thing", "take": {"a": "b"}, "past": {"days": [1, 2]}}`), "no past"},
		{past(`"days": [0, 2]`), "days of the past"},
		{past(`"days": [1, 3001]`), "days of the past"},
		{past(`"days": [1, 2], "stage": "g"`), "stage names"},
		{past(`"days": [1, 2], "last": ["f"]`), "go with stage"},
		{past(`"days": [1, 2], "stage": "f", "last": ["f"]`), "last names"},
		{past(`"days": [1, 2], "stage": "f", "through": {"a": []}`), "1 to 3 stages"},
		{past(`"days": [1, 2], "end": "g"`), "end names"},
		{past(`"days": [1, 2], "end": "f.day"`), "reference before it"},
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
	if len(m.changed) != 3 || m.changed[0].object != "thing" || m.changed[0].Data["price"] == nil {
		t.Errorf("prices were taken over by %v", m.changed)
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
