package calendar

import (
	"slices"
	"time"

	"formwork/engine/fault"
)

// farthest is how many days lie between two moments at most: a century.
const farthest = 100 * 366

const daySeconds = 24 * 60 * 60

// Add is the first moment by which so much working time has passed since t; t itself where it is nothing or
// less. Fault calendar.too_far (Invalid) where that is more than a century away.
func (c *Calendar) Add(t time.Time, working time.Duration) (time.Time, error) {
	if working <= 0 {
		return t, nil
	}
	first := c.dayAt(t) - 1 // where the clock is put back, it may be the day before once more
	for day := first; day <= first+farthest; {
		if week := time.Duration(c.seconds) * time.Second; week < working && !c.instant(day, 0).Before(t) && c.ordinary(day) {
			working -= week
			day += 7
			continue
		}
		for _, s := range c.hours(day) {
			from, to := c.instant(day, s.from), c.instant(day, s.to)
			if from.Before(t) {
				from = t
			}
			length := to.Sub(from)
			if length <= 0 {
				continue
			}
			if working <= length {
				return from.Add(working), nil
			}
			working -= length
		}
		day++
	}
	return time.Time{}, fault.New(fault.Invalid, "calendar.too_far")
}

// AddSeconds is Add of a duration as fields hold it.
func (c *Calendar) AddSeconds(t time.Time, working int64) (time.Time, error) {
	if working > farthest*daySeconds {
		return time.Time{}, fault.New(fault.Invalid, "calendar.too_far")
	}
	return c.Add(t, time.Duration(working)*time.Second)
}

// Between is how much working time lies between two moments; less than nothing where b is before a. Fault
// calendar.too_far (Invalid) where they are more than a century apart.
func (c *Calendar) Between(a, b time.Time) (time.Duration, error) {
	if b.Before(a) {
		length, err := c.Between(b, a)
		return -length, err
	}
	first, last := c.dayAt(a)-1, c.dayAt(b)+1
	if last-first > farthest {
		return 0, fault.New(fault.Invalid, "calendar.too_far")
	}
	working := time.Duration(0)
	for day := first; day <= last; {
		if !c.instant(day, 0).Before(a) && !c.instant(day+7, 0).After(b) && c.ordinary(day) {
			working += time.Duration(c.seconds) * time.Second
			day += 7
			continue
		}
		for _, s := range c.hours(day) {
			from, to := c.instant(day, s.from), c.instant(day, s.to)
			if from.Before(a) {
				from = a
			}
			if to.After(b) {
				to = b
			}
			working += max(to.Sub(from), 0)
		}
		day++
	}
	return working, nil
}

// hours is the working time of a day.
func (c *Calendar) hours(day int64) []span {
	if spans, ok := c.extra[day]; ok {
		return spans
	}
	if c.holiday(day) {
		return nil
	}
	return c.week[weekday(day)]
}

// holiday reports whether a day is one, extra working days aside.
func (c *Calendar) holiday(day int64) bool {
	i, _ := slices.BinarySearchFunc(c.off, day, func(p pause, day int64) int {
		if p.to < day {
			return -1
		}
		return 1
	})
	return i < len(c.off) && c.off[i].from <= day || c.everyYear(day)
}

func (c *Calendar) everyYear(day int64) bool {
	_, month, of := time.Unix(day*daySeconds, 0).UTC().Date()
	return c.yearly[month][of]
}

// ordinary reports whether the seven days from one on are a week as any other: no holidays, no extra days, and nobody
// touches the clock.
func (c *Calendar) ordinary(day int64) bool {
	if i, _ := slices.BinarySearch(c.extras, day); i < len(c.extras) && c.extras[i] < day+7 {
		return false
	}
	for d := day; d < day+7; d++ {
		if c.holiday(d) {
			return false
		}
	}
	_, end := c.instant(day, 0).In(c.location).ZoneBounds()
	return end.IsZero() || !end.Before(c.instant(day+7, 0))
}

// reach is further from any local time than it is from the same time in UTC.
const reach = 26 * 60 * 60

// instant is when the clock shows a time of a day: for the first time, where it is put back over it, and the moment when it
// is put forward over it.
func (c *Calendar) instant(day, seconds int64) time.Time {
	shown := day*daySeconds + seconds
	before, after := c.offset(shown-reach), c.offset(shown+reach)
	if before == after {
		return time.Unix(shown-before, 0)
	}
	_, change := time.Unix(shown-reach, 0).In(c.location).ZoneBounds()
	if t := time.Unix(shown-before, 0); t.Before(change) {
		return t
	}
	if t := time.Unix(shown-after, 0); t.After(change) {
		return t
	}
	return change
}

// offset is how many seconds the clock is ahead of UTC at a moment.
func (c *Calendar) offset(unix int64) int64 {
	_, offset := time.Unix(unix, 0).In(c.location).Zone()
	return int64(offset)
}

// dayAt is the day that the clock shows at a moment.
func (c *Calendar) dayAt(t time.Time) int64 { return dayOf(t.In(c.location).Date()) }

// dayOf is the number of a day, counted from the first of 1970.
func dayOf(year int, month time.Month, day int) int64 {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / daySeconds
}

func weekday(day int64) time.Weekday { return time.Weekday(((day+4)%7 + 7) % 7) }
