// Package calendar is working time as configuration: documents of the kind "calendar", which say when work is
// done, compiled to what is added to moments and measured between them.
package calendar

import (
	"cmp"
	_ "embed" // the schema
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/metadata"
)

// KindName is what the documents say as their "kind".
const KindName = "calendar"

// longestPause is how many days may pass without working time: a calendar with a longer pause is a mistake.
const longestPause = 5 * 366

// Definition is a document of a calendar.
type Definition struct {
	metadata.Head
	Timezone    string                 `json:"timezone"`
	Week        map[string][]string    `json:"week"` // by days, "09:00-12:00"
	Holidays    map[string]*Holiday    `json:"holidays"`
	WorkingDays map[string]*WorkingDay `json:"working_days"`
}

// Holiday is a date, a day of every year, or all days from one to another.
type Holiday struct {
	Label       metadata.Text `json:"label"`
	Description metadata.Text `json:"description"`
	Date        string        `json:"date"`
	Yearly      string        `json:"yearly"`
	From        string        `json:"from"`
	To          string        `json:"to"`
}

// WorkingDay is a date with hours of its own.
type WorkingDay struct {
	Label       metadata.Text `json:"label"`
	Description metadata.Text `json:"description"`
	Date        string        `json:"date"`
	Hours       []string      `json:"hours"`
}

// Calendar is a definition compiled. Immutable.
type Calendar struct {
	Doc      *Definition
	location *time.Location
	week     [7][]span
	seconds  int64 // of an ordinary week
	off      []pause
	yearly   [13][32]bool // by month and day
	extra    map[int64][]span
	extras   []int64 // the days of extra, in order
}

// span is working time of a day, in seconds of the clock since midnight.
type span struct{ from, to int64 }

// pause are days without work, from the first to the last.
type pause struct{ from, to int64 }

// Of are the calendars of a configuration, by name.
func Of(s *catalog.Snapshot) map[string]*Calendar {
	return catalog.Of[map[string]*Calendar](s, KindName)
}

//go:embed calendar.json
var schemaFile []byte

// Kind is the kind of documents.
func Kind() catalog.Kind { return kind{} }

type kind struct{ catalog.Documents[Definition] }

func (kind) Name() string            { return KindName }
func (kind) Schema() json.RawMessage { return schemaFile }

// AlsoCalled are the names that other systems have for the kind.
func (kind) AlsoCalled() []string { return []string{"business_hours", "schedule", "working_hours"} }

func (kind) Compile(c *catalog.Compiling) any {
	return catalog.EachOf(c, Of, func(d *Definition, at string) *Calendar {
		return compile(d, func(problem *fault.Fault, pointer string) { c.Report(problem, at+pointer) })
	})
}

var days = map[string]time.Weekday{"sunday": time.Sunday, "monday": time.Monday, "tuesday": time.Tuesday, "wednesday": time.Wednesday,
	"thursday": time.Thursday, "friday": time.Friday, "saturday": time.Saturday}

// compile makes the calendar, or reports every problem.
func compile(d *Definition, report func(problem *fault.Fault, pointer string)) *Calendar {
	c := &Calendar{Doc: d, extra: make(map[int64][]span, len(d.WorkingDays))}
	var err error
	if c.location, err = time.LoadLocation(d.Timezone); err != nil || d.Timezone == "Local" { // the server's own zone is nobody's
		report(fault.New(fault.Invalid, "catalog.unknown_timezone", "timezone", d.Timezone), "/timezone")
		c.location = time.UTC
	}
	for _, name := range slices.Sorted(maps.Keys(d.Week)) {
		spans := spansOf(d.Week[name], report, "/week/"+name)
		c.week[days[name]] = spans
		for _, s := range spans {
			c.seconds += s.to - s.from
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Holidays)) {
		c.addHoliday(d.Holidays[name], report, "/holidays/"+name)
	}
	c.off = joined(c.off)
	for _, name := range slices.Sorted(maps.Keys(d.WorkingDays)) {
		of, at := d.WorkingDays[name], "/working_days/"+name
		day, ok := dayNamed(of.Date, report, at+"/date")
		if _, twice := c.extra[day]; ok && twice {
			report(fault.New(fault.Invalid, "calendar.day_twice", "date", of.Date), at+"/date")
		}
		if spans := spansOf(of.Hours, report, at+"/hours"); ok {
			c.extra[day] = spans
		}
	}
	c.extras = slices.Sorted(maps.Keys(c.extra))
	if at := c.closed(); at != "" {
		report(fault.New(fault.Invalid, "calendar.no_time", "years", longestPause/366), at)
	}
	return c
}

func (c *Calendar) addHoliday(h *Holiday, report func(*fault.Fault, string), at string) {
	switch {
	case h.Yearly != "":
		day, err := time.Parse(time.DateOnly, "2000-"+h.Yearly) // a year with all days there are
		if err != nil {
			report(fault.New(fault.Invalid, "calendar.bad_date", "date", h.Yearly), at+"/yearly")
			return
		}
		c.yearly[day.Month()][day.Day()] = true
	case h.Date != "":
		if day, ok := dayNamed(h.Date, report, at+"/date"); ok {
			c.off = append(c.off, pause{day, day})
		}
	default:
		from, ok := dayNamed(h.From, report, at+"/from")
		to, also := dayNamed(h.To, report, at+"/to")
		if ok && also && to < from {
			report(fault.New(fault.Invalid, "calendar.ends_before", "from", h.From, "to", h.To), at+"/to")
		} else if ok && also {
			c.off = append(c.off, pause{from, to})
		}
	}
}

// joined are pauses in order, those that touch each other as one.
func joined(all []pause) []pause {
	slices.SortFunc(all, func(a, b pause) int { return cmp.Compare(a.from, b.from) })
	var in []pause
	for _, p := range all {
		if n := len(in); n > 0 && p.from <= in[n-1].to+1 {
			in[n-1].to = max(in[n-1].to, p.to)
			continue
		}
		in = append(in, p)
	}
	return in
}

// closed is where the document leaves no working time for too long; "" for nowhere.
func (c *Calendar) closed() (at string) {
	if c.seconds == 0 {
		return "/week"
	}
	last := dayOf(2000, 1, 1)
	for day := last; day < dayOf(2034, 1, 1); day++ { // every date is on every day of the week by 2028
		if len(c.week[weekday(day)]) > 0 && !c.everyYear(day) {
			last = day
		} else if day-last > longestPause {
			return "/holidays"
		}
	}
	for _, p := range c.off {
		for day := p.from; len(c.hours(day)) == 0; day++ {
			if day-p.from > longestPause {
				return "/holidays"
			}
		}
	}
	return ""
}

// dayNamed is a date as the number of a day.
func dayNamed(date string, report func(*fault.Fault, string), at string) (day int64, ok bool) {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		report(fault.New(fault.Invalid, "calendar.bad_date", "date", date), at)
		return 0, false
	}
	return dayOf(t.Date()), true
}

// spansOf reads the hours of a day. Each begins after the one before it has ended, or with its end.
func spansOf(hours []string, report func(*fault.Fault, string), at string) []span {
	spans := make([]span, 0, len(hours))
	for i, text := range hours {
		var h, m, toH, toM int64
		if _, err := fmt.Sscanf(text, "%d:%d-%d:%d", &h, &m, &toH, &toM); err != nil {
			report(fault.New(fault.Invalid, "calendar.bad_hours", "hours", text), fmt.Sprint(at, "/", i))
			return nil
		}
		s := span{h*3600 + m*60, toH*3600 + toM*60}
		if s.to <= s.from || s.to > daySeconds || i > 0 && s.from < spans[i-1].to {
			report(fault.New(fault.Invalid, "calendar.bad_hours", "hours", text), fmt.Sprint(at, "/", i))
			return nil
		}
		spans = append(spans, s)
	}
	return spans
}
