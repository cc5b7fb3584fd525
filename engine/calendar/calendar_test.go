package calendar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"formwork/engine/fault"
)

// read compiles a document, and tells its problems as "code pointer".
func read(t testing.TB, document []byte) (*Calendar, []string) {
	t.Helper()
	var d Definition
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	var problems []string
	c := compile(&d, func(problem *fault.Fault, pointer string) { problems = append(problems, problem.Code+" "+pointer) })
	return c, problems
}

// cases are calendars with what is to come of them.
type cases struct {
	Calendar json.RawMessage `json:"calendar"`
	Problems []string        `json:"problems"`
	Add      [][3]string     `json:"add"`     // a moment, working time, and the moment by which it has passed; "" is a fault
	Between  [][3]string     `json:"between"` // two moments and the working time between them
}

// Each calendar of testdata does what was reckoned by hand; a new case adds no code.
func TestCases(t *testing.T) {
	raw, err := os.ReadFile("testdata/calendars.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]cases
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&all); err != nil {
		t.Fatal(err)
	}
	for name, of := range all {
		t.Run(name, func(t *testing.T) {
			c, problems := read(t, of.Calendar)
			if !slices.Equal(problems, of.Problems) {
				t.Fatalf("problems %q, want %q", problems, of.Problems)
			}
			for _, one := range of.Add {
				working, err := time.ParseDuration(one[1])
				if err != nil {
					t.Fatal(err)
				}
				got, err := c.Add(moment(t, c, one[0]), working)
				shown := got.In(c.location).Format(layout)
				if err != nil {
					shown = ""
				}
				if shown != one[2] {
					t.Errorf("%s and %s of work is %s (%v), want %s", one[0], one[1], shown, err, one[2])
				}
			}
			for _, one := range of.Between {
				want, err := time.ParseDuration(one[2])
				if err != nil {
					t.Fatal(err)
				}
				if got, err := c.Between(moment(t, c, one[0]), moment(t, c, one[1])); err != nil || got != want {
					t.Errorf("between %s and %s is %v of work, %v, want %v", one[0], one[1], got, err, want)
				}
			}
		})
	}
}

const layout = "2006-01-02 15:04 -07"

func moment(t *testing.T, c *Calendar, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, c.location)
	if len(text) == len(layout) {
		at, err = time.Parse(layout, text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// random is a calendar of some zone, whose hours begin and end with hours of the clock.
func random(t *testing.T, r *rand.Rand) *Calendar {
	t.Helper()
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Apia", "Africa/Casablanca"}
	d := Definition{Timezone: zones[r.IntN(len(zones))], Week: map[string][]string{}, Holidays: map[string]*Holiday{}, WorkingDays: map[string]*WorkingDay{}}
	hours := func() (all []string) {
		for at := r.IntN(12); at < 24 && len(all) < 4; {
			to := min(at+1+r.IntN(10), 24)
			all = append(all, fmt.Sprintf("%02d:00-%02d:00", at, to))
			at = to + r.IntN(5)
		}
		return all
	}
	for name := range days {
		if r.IntN(4) > 0 {
			d.Week[name] = hours()
		}
	}
	d.Week["monday"] = hours()
	date := func(i int) string { return time.Date(2024, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly) }
	for i := range r.IntN(12) {
		h := &Holiday{Yearly: date(r.IntN(366))[5:]}
		if r.IntN(2) == 0 {
			from := r.IntN(1000)
			h = &Holiday{From: date(from), To: date(from + r.IntN(20))}
		}
		d.Holidays[fmt.Sprint("h", i)] = h
		d.WorkingDays[fmt.Sprint("w", i)] = &WorkingDay{Date: date(i*60 + r.IntN(60)), Hours: hours()}
	}
	raw, err := json.Marshal(&d)
	if err != nil {
		t.Fatal(err)
	}
	c, problems := read(t, raw)
	if problems != nil {
		t.Fatalf("%s: %q", raw, problems)
	}
	return c
}

// What holds of every calendar: adding and measuring undo each other, both go forward only, and what is added or measured in
// parts is the same as at once.
func TestArithmetic(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 150
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range rounds {
		c := random(t, r)
		a := time.Unix(1704067200+r.Int64N(3*366*daySeconds), r.Int64N(1e9))
		d, e := time.Duration(r.Int64N(int64(60*24*time.Hour))), time.Duration(r.Int64N(int64(10*24*time.Hour)))
		b := must(c.Add(a, d))
		if got := must(c.Between(a, b)); got != d {
			t.Fatalf("%s: %v after %v is %v, and between them is %v", text(c), d, a, b, got)
		}
		if b.Before(a) || d > 0 && must(c.Between(a, b.Add(-1))) == d {
			t.Fatalf("%s: %v after %v is not first at %v", text(c), d, a, b)
		}
		if at, parts := must(c.Add(a, d+e)), must(c.Add(b, e)); !at.Equal(parts) {
			t.Fatalf("%s: %v and %v after %v is %v at once and %v in parts", text(c), d, e, a, at, parts)
		}
		m := a.Add(time.Duration(r.Int64N(int64(200 * 24 * time.Hour))))
		z := m.Add(time.Duration(r.Int64N(int64(200 * 24 * time.Hour))))
		whole, first, rest := must(c.Between(a, z)), must(c.Between(a, m)), must(c.Between(m, z))
		if whole != first+rest || first < 0 || rest < 0 || rest > z.Sub(m) || must(c.Between(z, a)) != -whole {
			t.Fatalf("%s: from %v over %v to %v are %v, not %v and %v", text(c), a, m, z, whole, first, rest)
		}
	}
}

// Measuring is as looking at the clock every quarter of an hour.
func TestBetweenIsCounted(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 20
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range rounds {
		c := random(t, r)
		const step = 15 * time.Minute
		a := time.Unix(1704067200, 0).Add(step * time.Duration(r.IntN(3*366*24*4)))
		b, want := a, time.Duration(0)
		for range r.IntN(100 * 24 * 4) {
			local := b.In(c.location)
			at := int64(local.Hour()*3600 + local.Minute()*60)
			if slices.ContainsFunc(c.hours(c.dayAt(b)), func(s span) bool { return s.from <= at && at < s.to }) {
				want += step
			}
			b = b.Add(step)
		}
		if got := must(c.Between(a, b)); got != want {
			t.Fatalf("%s: between %v and %v are %v, want %v", text(c), a.In(c.location), b.In(c.location), got, want)
		}
	}
}

// However much is asked for, an answer comes.
func TestFarAway(t *testing.T) {
	c, _ := read(t, []byte(`{"week": {"monday": ["09:00-09:01"]}}`))
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if at, err := c.Add(now, 1<<62); !fault.Is(err, "calendar.too_far") {
		t.Errorf("it is %v, %v", at, err)
	}
	if _, err := c.Between(now, now.AddDate(1000, 0, 0)); !fault.Is(err, "calendar.too_far") {
		t.Errorf("%v", err)
	}
	if at := must(c.Add(now, 5000*time.Minute)); at.Year() != 2121 {
		t.Errorf("after 5000 weeks it is %v", at)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func text(c *Calendar) string {
	raw, _ := json.Marshal(c.Doc)
	return string(raw)
}

// BenchmarkAdd adds an hour, a week and twenty years of working time.
func BenchmarkAdd(b *testing.B) {
	c, _ := read(b, []byte(`{"timezone": "Europe/Berlin", "week": {"monday": ["09:00-18:00"], "tuesday": ["09:00-18:00"], "wednesday": ["09:00-18:00"], "thursday": ["09:00-18:00"], "friday": ["09:00-18:00"]},
		"holidays": {"a": {"yearly": "12-25"}, "b": {"yearly": "01-01"}, "c": {"from": "2026-04-03", "to": "2026-04-06"}}}`))
	from := time.Date(2026, 1, 9, 16, 0, 0, 0, time.UTC)
	for _, hours := range []int{1, 45, 45 * 52 * 20} {
		b.Run(fmt.Sprint(hours, "h"), func(b *testing.B) {
			for b.Loop() {
				if _, err := c.Add(from, time.Duration(hours)*time.Hour); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
