package expression_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// maker makes random expressions that are well typed, and random records.
type maker struct {
	*rand.Rand
	bent bool // also what can't run in the database
}

func (m maker) pick(of ...string) string { return of[m.IntN(len(of))] }

// condition is a random condition of some depth.
func (m maker) condition(depth int) string {
	if depth <= 0 {
		return m.leaf()
	}
	a, b := m.condition(depth-1), m.condition(depth-2)
	switch m.IntN(12) {
	case 0, 1, 2:
		return "(" + a + " and " + b + ")"
	case 3, 4, 5:
		return "(" + a + " or " + b + ")"
	case 6, 7:
		return "not (" + a + ")"
	case 8:
		return "(" + a + " ? " + b + " : " + m.condition(depth-2) + ")"
	case 9:
		return "((" + a + ") " + m.pick("==", "!=") + " (" + b + "))"
	case 10:
		return "((" + m.pick("active", "closed", "account.vip") + " ?? (" + a + ")))"
	}
	return m.leaf()
}

func (m maker) leaf() string {
	ordering := m.pick("==", "!=", "<", "<=", ">", ">=")
	equality := m.pick("==", "!=")
	switch m.IntN(20) {
	case 18, 19:
		return m.solvable(ordering)
	case 0, 1, 2:
		return m.number() + " " + ordering + " " + m.number()
	case 3:
		return m.text() + " " + ordering + " " + m.text()
	case 4:
		return m.text() + " " + m.pick("contains", "startsWith", "endsWith", "not contains", "not startsWith") + " " + m.pick("user.region", `"a"`, `"b"`, `""`, `(user.region + "b")`, "(nil ?? user.region)", `(active ? "a" : "b")`)
	case 5:
		return m.date() + " " + ordering + " " + m.date()
	case 6:
		return m.instant() + " " + ordering + " " + m.instant()
	case 7:
		return m.pick("stage", "account.industry", "account.parent.industry") + " " + equality + " nil"
	case 8:
		return "stage " + m.pick("in", "not in") + " " + m.pick(`["open"]`, `["won", "open"]`, `["won", nil]`, "[]")
	case 9:
		return m.number() + " " + m.pick("in", "not in") + " [" + m.number() + ", " + m.number() + ", " + m.number() + "]"
	case 10:
		if m.IntN(2) == 0 {
			return m.pick(`"a"`, "user.region", `""`, `(active ? "a" : "b")`) + m.pick(" in ", " not in ") + "tags"
		}
		return m.text() + m.pick(" in ", " not in ") + m.pick("[\"a\", \"b\", name]", "[name, nil]")
	case 11:
		return m.pick("active", "closed", "account.vip", "user.trusted", "large", "both", "account.big", "true", "false", "active == closed", "account.vip != active")
	case 12:
		return m.reference() + " " + equality + " " + m.reference()
	case 13:
		return "isEmpty(" + m.pick("name", "tags", "items", "data", "address", "account", "tier", m.number(), m.date()) + ")"
	case 14:
		return "date(" + m.pick("signed", "seen") + ") " + ordering + " " +
			m.pick("today()", `"2026-03-14"`, "today() - days(1)", "user.born", "nil", "(active ? today() : nil)")
	case 15:
		return m.pick("effort", "hours(1)") + " " + ordering + " " + m.pick("effort", "minutes(30)", "seconds(1)")
	case 16:
		return m.pick(`at `+ordering+` "10:00"`, m.pick("place.lat", "place.lng")+" "+ordering+" "+m.pick("1", "-1.5", "89.9999985", "100.005", "user.limit", "place.lat", "nil"))
	}
	if m.bent {
		return m.pick("any(items, .quantity > amount)", "sum(items, .total) > 3", "amount * 2 >= cost", "len(name) > 1",
			"due - begun > days(3)", `name matches "^a"`, "lower(name) == \"a\"", "month(due) == 2", "amount == rate")
	}
	return "tier " + equality + " " + m.pick(`"gold"`, `"silver"`, "nil")
}

// solvable is a function of a date or an instant, compared with a constant.
func (m maker) solvable(ordering string) string {
	length := m.pick("days(1)", "days(30)", "hours(36)", "hours(-1)", "days(0)", "seconds(1)", "minutes(-1500)", "days(900000)", "(user.trusted ? days(1) : nil)")
	date := m.pick("due", "begun", "due + "+length, "due - days(2)", "date(signed)", "date(seen) - days(1)", "(active ? due : begun)")
	instant := m.pick("signed", "seen", "signed + hours(1)", "seen - days(1)", "(active ? signed : seen)")
	today := m.pick("today()", `"2026-03-14"`, "startOfYear(today())", "user.born")
	now := m.pick("now()", "startOfDay(today())", `datetime("2026-03-14T12:00:00Z")`)
	switch m.IntN(8) {
	case 0:
		return date + " - date(" + today + ") " + ordering + " " + length
	case 1:
		return "date(" + today + ") - (" + date + ") " + ordering + " " + length
	case 2:
		return instant + " - " + now + " " + ordering + " " + length
	case 3:
		return now + " - (" + instant + ") " + ordering + " " + length
	case 4:
		return date + " + " + length + " " + ordering + " " + today
	case 5:
		return "year(" + m.pick(date, instant) + ") " + ordering + " " + m.pick("2026", "2025.5", "year(today())", "year(user.born)", "-3", "123456")
	case 6:
		return "startOf" + m.pick("Week", "Month", "Quarter", "Year") + "(" + m.pick(date, instant) + ") " + ordering + " " + m.pick(today, "startOfMonth(today())", "startOfWeek(today())", "nil")
	}
	return m.pick(date, instant) + " == nil"
}

func (m maker) number() string {
	return m.pick("amount", "amount", "cost", "account.revenue", "user.limit", "0", "1", "-1", "100.005", "100", "99.995", "2.5",
		"1000.555", "99999999999999999.5", "-99999999999999999.5", "user.limit / 3", "(user.limit + 0.001)", "(amount ?? 1.5)",
		"(active ? amount : cost)", "(active ? 100 : cost)", "(nil ?? 3)", "floor", "round(user.limit, 1)", "user.limit * 2")
}

func (m maker) text() string {
	return m.pick("name", "name", "note", "account.name", "address.city", "account.seat.city", "address.country", "user.region", `"a"`, `"b"`, `"ab"`, `""`, `"ä"`, `(name ?? "a")`, `(closed ? name : "b")`,
		`(user.region + "b")`, `upper("a")`, "tier")
}

func (m maker) date() string {
	return m.pick("due", "due", "begun", "today()", `"2026-03-14"`, "today() + days(1)", "addMonths(today(), -1)", "startOfMonth(today())",
		"user.born", "nil", "(begun ?? today())", "max(today(), user.born)")
}

func (m maker) instant() string {
	return m.pick("signed", "seen", "now()", "now() - days(1)", "startOfDay(today())", `datetime("2026-03-14T12:00:00Z")`, "datetime(today())", "nil")
}

func (m maker) reference() string {
	return m.pick("owner", "user", "user.id", "account.manager", "account.parent.manager", `(owner ?? user)`, "nil")
}

// value is a random stored value, or nil.
func (m maker) value(of ...any) any {
	if m.IntN(4) == 0 {
		return nil
	}
	return of[m.IntN(len(of))]
}

// populate fills the world with random records.
func (m maker) populate(w *world) {
	hour := int64(time.Hour / time.Millisecond)
	now := w.now.UnixMilli()
	w.zone = []*time.Location{time.UTC, time.FixedZone("", 8*3600), time.FixedZone("", -9*1800)}[m.IntN(3)]
	for n := int64(1); n <= 3; n++ {
		w.tables["account"][n] = map[string]any{"id": n, "name:t": m.value("a", "b", "ab"), "industry:t": m.value("retail", "education"),
			"revenue:i": m.value(int64(100), int64(100000), int64(100001), int64(10001)), "vip:b": m.value(true, false),
			"parent:i": m.value(int64(1), int64(2), int64(9)), "manager:i": m.value(int64(7), int64(8)), "seat:j": m.value(json.RawMessage(`{"city":"a"}`), json.RawMessage(`{"state":"a"}`))}
		w.split(w.tables["account"][n], w.objects["account"].symbols["seat"])
	}
	w.user = map[string]any{"id": int64(7), "region:t": m.value("a", "b"), "limit:i": m.value(int64(0), int64(10000), int64(-7), int64(250)),
		"trusted:b": m.value(true, false), "born:t": m.value("1990-01-01", "2026-03-14")}
	amounts := []any{int64(0), int64(1), int64(100), int64(-100), int64(9999), int64(10000), int64(10001), int64(100055), int64(100056), int64(250), int64(999999999999999999), int64(-999999999999999999)}
	dates := []any{"2026-03-13", "2026-03-14", "2026-03-15", "2026-02-14", "2026-03-01", "1990-01-01", "2025-12-31", "2026-01-01", "2026-03-09"}
	instants := []any{now, now - 1, now - 24*hour, now - 15*hour, now - 9*hour - 566000, now + 12*hour, int64(1773446400000), int64(1773532799999), int64(1773532800000)}
	rows := []any{json.RawMessage(`[{"quantity":1,"price":2.50},{"quantity":200}]`), json.RawMessage(`[{"product":"a"}]`)}
	w.record = map[string]any{"id": int64(5), "name:t": m.value("a", "b", "ab", "ä", "A"), "note:t": m.value("a", "bb"),
		"amount:i": m.value(amounts...), "cost:i": m.value(amounts...), "rate:i": m.value(int64(10000), int64(1000000)), "count:i": m.value(int64(1)),
		"active:b": m.value(true, false), "closed:b": m.value(true, false), "due:t": m.value(dates...), "begun:t": m.value(dates...),
		"signed:i": m.value(instants...), "seen:i": m.value(instants...), "at:t": m.value("09:59:59", "10:00:00"),
		"effort:i": m.value(int64(1), int64(1800), int64(3600)), "stage:t": m.value("open", "won"),
		"tags:l": m.value([]string{"a"}, []string{"b", "c"}), "account:i": m.value(int64(1), int64(2), int64(3), int64(9)),
		"owner:i": m.value(int64(7), int64(8)), "about:t": m.value("account/0000000000001"), "items:j": m.value(rows...),
		"address:j": m.value(json.RawMessage(`{"city":"a","country":"ä"}`), json.RawMessage(`{"city":"b"}`), json.RawMessage(`{"street":"a\nb"}`)),
		"place:j":   m.value(json.RawMessage(`{"lat":1.000000,"lng":-1.500000}`), json.RawMessage(`{"lat":89.999999,"lng":100.005000}`)),
		"data:j":    m.value(json.RawMessage(`1`)), "interests:l": m.value([]string{"cars"})}
	for _, name := range []string{"address", "place"} {
		w.split(w.record, w.objects["deal"].symbols[name])
	}
}

// The filter of an expression holds for exactly the records for which the
// expression does, on random expressions and records, guards included.
func TestFilterAgreesWithEval(t *testing.T) {
	const expressions, records = 3000, 12
	queryable, held := 0, 0
	for seed := range uint64(expressions) {
		m := maker{rand.New(rand.NewPCG(seed, 1)), seed%4 == 0}
		w := newWorldOnce(t)
		source := m.condition(m.IntN(4))
		scope := w.scope()
		if seed%3 == 0 {
			scope.Record = guardedDeal{w.objects["deal"]}
		}
		p, problems := expression.Compile(source, scope)
		if problems != nil {
			t.Fatalf("%s: %v", source, problems)
		}
		if !p.Queryable() {
			if !m.bent && !strings.Contains(source, "isEmpty") {
				_, err := p.Filter(w)
				t.Fatalf("%s: %v", source, err)
			}
			scope.Queryable = true
			if _, problems := expression.Compile(source, scope); problems == nil || problems[0].Code != "expression.not_queryable" {
				t.Fatalf("%s: got %v", source, problems)
			}
			continue
		}
		queryable++
		for range records {
			m.populate(w)
			got, err := p.Holds(w)
			if err != nil {
				t.Fatalf("%s: %v", source, err)
			}
			filter, err := p.Filter(env{w})
			if err != nil {
				t.Fatalf("%s: %v", source, err)
			}
			if query.Match(filter, w.Ref) != got {
				t.Fatalf("%s\nholds: %t\nfilter: %#v\nrecord: %v\nuser: %v", source, got, filter, w.record, w.user)
			}
			if got {
				held++
			}
		}
	}
	if queryable < expressions*3/4 || held < queryable*records/5 || held > queryable*records*4/5 {
		t.Fatalf("%d of %d can run in the database, %d hold: the generator is lopsided", queryable, expressions, held)
	}
}

// env answers for the user and the clock only.
type env struct{ *world }

func (e env) Get(p expression.Path) any {
	if p.Root != "user" {
		panic("a filter asked for " + p.Leaf.Name)
	}
	return e.world.Get(p)
}

// guardedDeal is a deal whose accounts are only seen if they are not important, but for
// those behind formulas.
type guardedDeal struct{ *object }

func (g guardedDeal) Symbol(name string) (expression.Symbol, bool) {
	s, ok := g.object.Symbol(name)
	if ok && name == "account" {
		vip, _ := s.Target.Symbol("vip")
		s.Guard = query.Compare{Ref: query.Field(vip.Column), Op: query.Ne, Value: true}
	}
	return s, ok
}

var shared *world

// newWorldOnce reuses the objects, which are immutable.
func newWorldOnce(t testing.TB) *world {
	if shared == nil {
		shared = newWorld(t)
	}
	w := *shared
	w.tables = map[string]map[int64]map[string]any{"account": {}, "user": {7: {"id": int64(7)}}, "deal": {}}
	return &w
}

// Sums, differences, products and quotients of random decimals, rounded to two
// places, are those of exact rational arithmetic.
func TestArithmeticIsExact(t *testing.T) {
	w := newWorldOnce(t)
	scope := expression.Scope{Record: w.objects["deal"], Result: fieldtype.NumberKind, Scale: 2}
	r := rand.New(rand.NewPCG(1, 2))
	for _, operator := range []string{"+", "-", "*", "/"} {
		p, problems := expression.Compile("amount "+operator+" rate", scope)
		if problems != nil {
			t.Fatal(problems)
		}
		for range 5000 {
			a, b := r.Int64N(2e12)-1e12, r.Int64N(2e6)-1e6
			w.record = map[string]any{"amount:i": a, "rate:i": b}
			x, y := big.NewRat(a, 100), big.NewRat(b, 10000)
			got, err := p.Eval(w)
			if err != nil {
				t.Fatal(err)
			}
			var want big.Rat
			switch operator {
			case "+":
				want.Add(x, y)
			case "-":
				want.Sub(x, y)
			case "*":
				want.Mul(x, y)
			case "/":
				if b == 0 {
					if got != nil {
						t.Fatalf("%v / 0 is %v", a, got)
					}
					continue
				}
				want.Quo(x, y)
			}
			if exact := halfAway(&want, 100); got != exact {
				t.Fatalf("%s %s %s: got %v, want %d", x.FloatString(2), operator, y.FloatString(4), got, exact)
			}
		}
	}
}

// halfAway is r × unit rounded half away from zero.
func halfAway(r *big.Rat, unit int64) int64 {
	var scaled big.Rat
	scaled.Mul(r, big.NewRat(unit, 1))
	two := new(big.Int).Mul(scaled.Denom(), big.NewInt(2))
	n := new(big.Int).Mul(new(big.Int).Abs(scaled.Num()), big.NewInt(2))
	n.Add(n, scaled.Denom()).Quo(n, two)
	return n.Int64() * int64(scaled.Sign())
}

// Every instant is in exactly one day, also where clocks change at midnight.
func TestDaysFollowEachOther(t *testing.T) {
	w := newWorldOnce(t)
	scope := w.scope()
	r := rand.New(rand.NewPCG(3, 4))
	for _, name := range []string{"UTC", "Asia/Shanghai", "America/Sao_Paulo", "America/St_Johns", "Pacific/Apia", "Asia/Beirut", "Africa/Cairo", "America/Havana"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Skip("this system has no time zones")
		}
		w.zone = zone
		inside, problems := expression.Compile("signed >= startOfDay(date(signed)) and signed < startOfDay(date(signed) + days(1))", scope)
		if problems != nil {
			t.Fatal(problems)
		}
		today, problems := expression.Compile("date(signed) == due", scope)
		if problems != nil {
			t.Fatal(problems)
		}
		for range 3000 {
			at := time.Date(2005+r.IntN(15), time.Month(1+r.IntN(12)), 1+r.IntN(31), 0, 0, 0, 0, zone)
			at = at.Add(time.Duration(r.IntN(7200)-3600) * time.Second)
			w.record = map[string]any{"signed:i": at.UnixMilli(), "due:t": at.Format(time.DateOnly)}
			if ok, err := inside.Holds(w); !ok || err != nil {
				t.Fatalf("%s: %v is not in its day: %v", name, at, err)
			}
			same, err := today.Holds(w)
			if err != nil {
				t.Fatal(err)
			}
			filter, err := compileFilter(w, fmt.Sprintf("date(signed) == %q", at.Format(time.DateOnly)))
			if err != nil || query.Match(filter, w.Ref) != same {
				t.Fatalf("%s: %v: %v", name, at, err)
			}
		}
	}
}

func compileFilter(w *world, source string) (query.Filter, error) {
	p, problems := expression.Compile(source, w.scope())
	if problems != nil {
		return nil, problems[0].Fault("")
	}
	return p.Filter(w)
}

// Everything that could be made to grow is refused, quickly and by its code.
func TestLimits(t *testing.T) {
	w := newWorldOnce(t)
	for name, c := range map[string]struct{ source, code string }{
		"10,000 nodes":   {"1" + strings.Repeat("+1", 9_999), "too_many_nodes"},
		"length":         {"1" + strings.Repeat(" ", 20_000), "too_long"},
		"brackets":       {strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000), "too_deep"},
		"lists":          {strings.Repeat("[", 5000), "too_deep"},
		"calls":          {strings.Repeat("abs(", 4000) + "1", "too_deep"},
		"nots":           {strings.Repeat("not ", 4000) + "true", "too_deep"},
		"minuses":        {strings.Repeat("- ", 5000) + "1", "too_deep"},
		"powers":         {"1" + strings.Repeat("**1", 4000), "too_deep"},
		"ternaries":      {strings.Repeat("true ? 1 : ", 1000) + "1", "too_deep"},
		"short ternary":  {"1" + strings.Repeat("?:1", 4000), "too_deep"},
		"lets":           {strings.Repeat("let a = 1; ", 1000) + "1", "too_deep"},
		"ifs":            {strings.Repeat("if true { 1 } else ", 900) + "{ 2 }", "too_deep"},
		"inlined":        {"large" + strings.Repeat(" or both", 1000), "too_many_nodes"},
		"invalid UTF-8":  {"name == \"\xff\"", "syntax"},
		"zero character": {"\x00", "syntax"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := expression.Compile(c.source, w.scope())
			if len(problems) == 0 || problems[0].Code != "expression."+c.code {
				t.Fatalf("got %.200v", problems)
			}
		})
	}
	if _, problems := expression.Compile("amount == 1"+strings.Repeat(" or amount == 1", 400), w.scope()); problems != nil {
		t.Fatalf("a long flat condition: %v", problems)
	}
}

// What a record makes costly ends in a fault.
func TestWorkIsBounded(t *testing.T) {
	w := newWorldOnce(t)
	many := "[" + strings.Repeat(`{"quantity":1},`, 499) + `{"quantity":2}]`
	w.record = map[string]any{"items:j": json.RawMessage(many), "note:t": strings.Repeat("x", 90_000), "name:t": "x"}
	for source, code := range map[string]string{
		"any(items, count(items, count(items, .quantity > 0) == 1) == 1)": "too_costly",
		`note matches "(x?x?x?x?x?x?x?x?x?x?x?){20}y"`:                    "too_costly",
		`len(note + note) > 0`:                                            "text_too_long",
		`replace(note, "x", "yy") == "x"`:                                 "text_too_long",
		`sum(items, len(lower(note))) > 0`:                                "too_costly",
		`any(items, any(tags, note == note))`:                             "",
		`count(items, .quantity == 2) == 1`:                               "",
		`len(replace(note, "x", "y")) == 90000`:                           "",
	} {
		p, problems := expression.Compile(source, w.scope())
		if problems != nil {
			t.Fatalf("%s: %v", source, problems)
		}
		started := time.Now()
		_, err := p.Holds(w)
		if code == "" && err != nil || code != "" && !fault.Is(err, "expression."+code) {
			t.Errorf("%s: got %v", source, err)
		}
		t.Logf("%s: %v", source, time.Since(started))
	}
}

// What a program reads is known beforehand.
func TestPaths(t *testing.T) {
	w := newWorldOnce(t)
	scope := w.scope()
	scope.Old = true
	p, problems := expression.Compile("account.name == name and tier == account.name and old.name != user.region or due < today()", scope)
	if problems != nil {
		t.Fatal(problems)
	}
	var got []string
	for _, path := range p.Paths() {
		name := path.Root
		for _, hop := range path.Via {
			name += "." + hop.Name
		}
		got = append(got, name+"."+path.Leaf.Name)
	}
	if want := ".account.name .name .amount old.name user.region .due"; strings.Join(got, " ") != want {
		t.Fatalf("got %v", got)
	}
	if !p.UsesClock() || !p.UsesUser() || p.Queryable() || p.Kind() != fieldtype.BoolKind {
		t.Fatal("the clock, the user or old was overlooked")
	}
}

// A program tells the labels that are part of it, also those of choices in rows.
func TestLabels(t *testing.T) {
	scope := newWorldOnce(t).scope()
	scope.Result = fieldtype.TextKind
	for source, want := range map[string]string{
		`label(stage)`:   `[map[lost:lost open:Open won:Closed won]]`,
		`"label" + name`: `[]`,
		`label(stage) + join(map(items, label(.kind)), "")`: `[map[lost:lost open:Open won:Closed won] map[a:a b:b]]`,
	} {
		p, problems := expression.Compile(source, scope)
		if problems != nil {
			t.Fatal(problems)
		}
		if got := fmt.Sprint(p.Labels()); got != want {
			t.Errorf("%s shows %s", source, got)
		}
	}
}

// A path through a guarded lookup is empty where the guard does not hold, be it to a
// formula. What a formula itself goes through is as everybody sees it.
func TestGuardsHideWhatIsBehind(t *testing.T) {
	w := newWorldOnce(t)
	scope := w.scope()
	scope.Record = guardedDeal{w.objects["deal"]}
	w.record = map[string]any{"account:i": int64(1), "amount:i": int64(200000)}
	for _, source := range []string{`account.name == "Acme"`, "account.big", "both"} {
		p, problems := expression.Compile(source, scope)
		if problems != nil {
			t.Fatal(problems)
		}
		for _, vip := range []bool{false, true} {
			w.tables["account"][1] = map[string]any{"name:t": "Acme", "revenue:i": int64(900000), "vip:b": vip}
			held, err := p.Holds(w)
			if want := !vip || source == "both"; err != nil || held != want {
				t.Errorf("%s: holds %t of an account that is hidden: %t, %v", source, held, vip, err)
			}
			filter, err := p.Filter(w)
			if err != nil || query.Match(filter, w.Ref) != held {
				t.Errorf("%s: the filter says otherwise: %v", source, err)
			}
		}
	}
}

// A program serves many at once.
func TestProgramsAreShared(t *testing.T) {
	w := newWorldOnce(t)
	w.record = map[string]any{"amount:i": int64(200000), "items:j": json.RawMessage(`[{"quantity":2}]`)}
	p, problems := expression.Compile("large and any(items, .quantity > 1) and today() > \"2020-01-01\"", w.scope())
	if problems != nil {
		t.Fatal(problems)
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 200 {
				if held, err := p.Holds(w); !held || err != nil {
					t.Error(held, err)
				}
			}
		})
	}
	wait.Wait()
}
