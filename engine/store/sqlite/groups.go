package sqlite

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"formwork/engine/budget"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// maxGroups and maxGroupBytes bound the memory of an aggregation: keys may be long
// texts, and measures many.
const (
	maxGroups     = 500_000
	maxGroupBytes = 128 << 20
	groupBytes    = 150 // of a group, without its key and cells
	cellBytes     = 48
	listBytes     = 24 // of a list, without its values
)

// grouper sorts rows into groups as they come. SQLite's own GROUP BY sorts all
// rows first where no index has their order (68 ms for 100,000 rows, which take 26
// here). And sums are exact here: 128 bits wide.
type grouper struct {
	ctx   context.Context // of the query that it is made for
	q     query.Aggregate
	rows  grouping
	lists []kept // whose values are kept, for percentiles
	of    []int  // the list of a measure; -1: it needs none
	index map[string]*group
	all   []*group
	bytes int    // of all groups, about
	held  int    // of them, counted in the request's budget
	last  *group // that of the row before
	key   []byte // of the row at hand
	days  map[int64]string
	weeks map[string]string
}

// kept is where in the rows values are found that are kept, and whether they are.
type kept struct{ value, filter int }

type group struct {
	key   string // as appendKey makes it
	cells []cell
	lists [][]int64
}

// cell is the state of a measure.
type cell struct {
	count int64
	low   uint64 // of a sum, two's complement
	high  int64
	whole int64 // min or max of numbers and truth values
	text  string
}

func newGrouper(ctx context.Context, q query.Aggregate, rows grouping) *grouper {
	g := &grouper{ctx: ctx, q: q, rows: rows, index: map[string]*group{}, days: map[int64]string{}, weeks: map[string]string{}}
	for i, m := range q.Measures {
		at := -1
		if m.Op == query.PercentileLow || m.Op == query.PercentileHigh {
			wanted := kept{rows.values[i], rows.filters[i]}
			if at = slices.Index(g.lists, wanted); at < 0 {
				at = len(g.lists)
				g.lists = append(g.lists, wanted)
			}
		}
		g.of = append(g.of, at)
	}
	if len(q.Groups) == 0 {
		g.last = g.newGroup("")
	}
	return g
}

func (g *grouper) newGroup(key string) *group {
	made := &group{key: key, cells: make([]cell, len(g.q.Measures)), lists: make([][]int64, len(g.lists))}
	g.all = append(g.all, made)
	return made
}

// add takes the row at which s is into account.
func (g *grouper) add(s *stmt) error {
	if err := g.to(s); err != nil {
		return err
	}
	for i := range g.q.Measures {
		m, at := &g.q.Measures[i], &g.last.cells[i]
		if g.of[i] >= 0 || !holds(s, g.rows.filters[i]) {
			continue
		}
		column := g.rows.values[i]
		if column >= 0 && s.isNull(column) {
			continue
		}
		at.count++
		switch m.Op {
		case query.Sum:
			at.add(s.integer(column))
		case query.Min, query.Max:
			if err := g.extend(at, s, column, m.Op == query.Max); err != nil {
				return err
			}
		}
	}
	return g.keep(s)
}

// to sets last to the group of a row.
func (g *grouper) to(s *stmt) error {
	if len(g.q.Groups) == 0 {
		return nil
	}
	g.key = g.key[:0]
	for i := range g.q.Groups {
		g.appendKey(s, i)
	}
	return g.find()
}

// extend extends a min or max, and counts the room that it takes.
func (g *grouper) extend(at *cell, s *stmt, column int, greatest bool) error {
	was := len(at.text)
	at.extend(s, column, g.rows.storages[column], greatest)
	if longer := len(at.text) - was; longer != 0 {
		g.bytes += longer
		return g.hold()
	}
	return nil
}

// keep adds the row's values to the lists of its group.
func (g *grouper) keep(s *stmt) error {
	for i, of := range g.lists {
		if s.isNull(of.value) || !holds(s, of.filter) {
			continue
		}
		if err := g.append(i, s.integer(of.value)); err != nil {
			return err
		}
	}
	return nil
}

// append adds a value to a list of the last group, and counts the room that it takes.
func (g *grouper) append(list int, value int64) error {
	values := g.last.lists[list]
	room := cap(values)
	values = append(values, value)
	g.last.lists[list] = values
	if more := cap(values) - room; more > 0 {
		g.bytes += 8 * more
		return g.hold()
	}
	return nil
}

// holds reports whether the row meets the filter in a column; -1: there is none.
func holds(s *stmt, column int) bool {
	return column < 0 || !s.isNull(column) && s.integer(column) != 0
}

// find sets last to the group of key.
func (g *grouper) find() error {
	if g.last != nil && g.last.key == string(g.key) {
		return nil
	}
	if g.last = g.index[string(g.key)]; g.last != nil {
		return nil
	}
	g.bytes += groupBytes + len(g.key) + cellBytes*len(g.q.Measures) + listBytes*len(g.lists)
	if len(g.all) >= maxGroups {
		return tooComplex()
	}
	if err := g.hold(); err != nil {
		return err
	}
	g.last = g.newGroup(string(g.key))
	g.index[g.last.key] = g.last
	return nil
}

// hold bounds the bytes of the groups, and counts them among what the request holds, a part
// at a time.
func (g *grouper) hold() error {
	if g.bytes > maxGroupBytes {
		return tooComplex()
	}
	const part = 32 << 10
	if g.bytes-g.held < part {
		return nil
	}
	more := g.bytes - g.held
	g.held = g.bytes
	return budget.From(g.ctx).Hold(g.ctx, int64(more))
}

func (c *cell) add(n int64) {
	var carry uint64
	c.low, carry = bits.Add64(c.low, uint64(n), 0)
	c.high += n>>63 + int64(carry)
}

// extend makes the value the cell's if it is less than what is there (greater, if
// greatest), or the first.
func (c *cell) extend(s *stmt, column int, storage fieldtype.Storage, greatest bool) {
	first := c.count == 1
	if storage == fieldtype.Text {
		raw := s.raw(column)
		order := strings.Compare(c.text, string(raw))
		if first || (order < 0 && greatest) || (order > 0 && !greatest) {
			c.text = string(raw)
		}
		return
	}
	n := s.integer(column)
	if first || (n > c.whole && greatest) || (n < c.whole && !greatest) {
		c.whole = n
	}
}

// extreme is the value of a min or max.
func (c *cell) extreme(storage fieldtype.Storage) any {
	switch {
	case c.count == 0:
		return nil
	case storage == fieldtype.Text:
		return c.text
	case storage == fieldtype.Bool:
		return c.whole != 0
	}
	return c.whole
}

// Tags of the values in a key.
const (
	keyNil  = 'n'
	keyInt  = 'i'
	keyBool = 'b'
	keyText = 't'
)

// appendKey writes the i-th key of the row; equal keys are equal values.
func (g *grouper) appendKey(s *stmt, i int) {
	by, column := &g.q.Groups[i], g.rows.keys[i]
	storage := g.rows.storages[column]
	switch {
	case s.isNull(column):
		g.key = append(g.key, keyNil)
	case storage == fieldtype.Bool:
		g.key = append(g.key, keyBool, byte(s.integer(column)))
	case by.By == query.ByNumber:
		g.key = appendInt(g.key, floor(s.integer(column), by.Size)*by.Size)
	case storage == fieldtype.Int && by.By == query.ByValue:
		g.key = appendInt(g.key, s.integer(column))
	case storage == fieldtype.Int:
		day := floor(floor(s.integer(column), 1000)+by.Offset, daySeconds)
		date, ok := g.days[day]
		if !ok {
			date = time.Unix(day*daySeconds, 0).UTC().Format(time.DateOnly)
			if len(g.days) < maxGroups {
				g.days[day] = date
			}
		}
		g.key = appendText(g.key, g.period(by.By, []byte(date)))
	case by.By == query.ByValue:
		g.key = appendText(g.key, s.raw(column))
	default:
		g.key = appendText(g.key, g.period(by.By, s.raw(column)))
	}
}

func appendInt(key []byte, n int64) []byte {
	return binary.LittleEndian.AppendUint64(append(key, keyInt), uint64(n))
}

func appendText(key, text []byte) []byte {
	return append(binary.AppendUvarint(append(key, keyText), uint64(len(text))), text...)
}

// values reads the values of a key.
func values(key string) store.Row {
	var row store.Row
	for rest := []byte(key); len(rest) > 0; {
		tag := rest[0]
		rest = rest[1:]
		switch tag {
		case keyNil:
			row = append(row, nil)
		case keyBool:
			row = append(row, rest[0] != 0)
			rest = rest[1:]
		case keyInt:
			row = append(row, int64(binary.LittleEndian.Uint64(rest)))
			rest = rest[8:]
		default:
			size, n := binary.Uvarint(rest)
			rest = rest[n:]
			row = append(row, string(rest[:size]))
			rest = rest[size:]
		}
	}
	return row
}

// answer is the groups that are asked for, in order.
func (g *grouper) answer() ([]store.Row, error) {
	rows := make([]store.Row, 0, len(g.all))
	for _, group := range g.all {
		row, err := g.row(group)
		if err != nil {
			return nil, err
		}
		if query.Match(g.q.Having, func(r query.Ref) any { return row[r.ResultIndex()] }) {
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b store.Row) int {
		for _, o := range g.q.Sort {
			order, _ := query.Order3(a[o.Index], b[o.Index])
			if o.Descending {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
	if g.q.Limit > 0 && len(rows) > g.q.Limit {
		rows = rows[:g.q.Limit]
	}
	return rows, nil
}

// row is the keys of a group, then its measures.
func (g *grouper) row(of *group) (store.Row, error) {
	for _, list := range of.lists {
		slices.Sort(list)
	}
	row := values(of.key)
	for i, m := range g.q.Measures {
		switch at := &of.cells[i]; m.Op {
		case query.Sum:
			if at.high != int64(at.low)>>63 {
				return nil, fault.New(fault.Limited, "query.overflow")
			}
			row = append(row, int64(at.low))
		case query.Min, query.Max:
			row = append(row, at.extreme(m.Ref.Column.Storage))
		case query.PercentileLow, query.PercentileHigh:
			row = append(row, percentile(m, of.lists[g.of[i]]))
		default:
			row = append(row, at.count)
		}
	}
	return row, nil
}

// percentile picks a PercentileLow or PercentileHigh of values in order.
func percentile(m query.Measure, values []int64) any {
	if len(values) == 0 {
		return nil
	}
	if m.Op == query.PercentileHigh {
		return values[len(values)*m.Percent/100]
	}
	return values[(len(values)*m.Percent+99)/100-1]
}

const daySeconds = 24 * 60 * 60

// floor divides towards minus infinity; size is greater than 0.
func floor(v, size int64) int64 {
	quotient := v / size
	if v%size < 0 {
		quotient--
	}
	return quotient
}

// period coarsens a date, "2006-01-02"; what is no date is a period of its own.
func (g *grouper) period(by query.Bucket, date []byte) []byte {
	if len(date) != len(time.DateOnly) || date[4] != '-' || date[7] != '-' {
		return date
	}
	switch by {
	case query.ByMonth:
		return date[:7]
	case query.ByYear:
		return date[:4]
	case query.ByQuarter:
		month := int(date[5]-'0')*10 + int(date[6]-'0')
		return fmt.Appendf(bytes.Clone(date[:4]), "-Q%d", (month+2)/3)
	case query.ByWeek:
		week, ok := g.weeks[string(date)]
		if !ok {
			week = isoWeek(string(date))
			if len(g.weeks) < maxGroups {
				g.weeks[string(date)] = week
			}
		}
		return []byte(week)
	}
	return date
}

func isoWeek(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	year, week := t.ISOWeek()
	return fmt.Sprintf("%04d-W%02d", year, week)
}
