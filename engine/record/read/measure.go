package read

import (
	"context"
	"slices"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// MeasureOf is one measure.
type MeasureOf struct {
	Op      string `json:"op" enum:"count,sum,avg,min,max,median,percentile"`
	Field   string `json:"field,omitempty"`   // a path; of count: records in which it is not empty
	Percent int    `json:"percent,omitempty"` // of percentile: 1 to 99, the share of the values that are not above it
	Filter  string `json:"filter,omitempty"`  // an expression: which records of the group are measured; all when empty
	As      string `json:"as,omitempty"`      // its name in the rows; op, or op_field, or p90_field, when empty
}

// name is what the measure is called in the rows.
func (m MeasureOf) name() string { return metadata.Measure(m).Name() }

const (
	// quotientDigits is by how many digits an average or a percentile is more exact than its field.
	quotientDigits = 2
	// shareDigits are those of the average of a checkbox, which is a share of 1.
	shareDigits = 4
)

// measured is what a measure is computed of.
type measured struct {
	value   fieldtype.Value // of the field
	ref     query.Ref
	filter  query.Filter
	percent int
}

// measure asks the store for one and says where in its rows it will be.
func (g *aggregation) measure(op query.MeasureOp, m measured) int {
	g.query.Measures = append(g.query.Measures, query.Measure{Op: op, Ref: m.ref, Filter: m.filter, Percent: m.percent})
	return len(g.query.Groups) + len(g.query.Measures) - 1
}

// numbers are the kinds of values that have percentiles; truth values have a sum (how many
// are true) and an average (which share) besides.
var (
	numbers = []fieldtype.Kind{fieldtype.NumberKind, fieldtype.DurationKind}
	summed  = append(slices.Clone(numbers), fieldtype.BoolKind)
)

// measureOp is one that callers may ask for.
type measureOp struct {
	kinds  []fieldtype.Kind // of values that it is for; nil: every one
	column func(g *aggregation, m measured) groupColumn
}

var measureOps = map[string]measureOp{
	"count": {nil, func(g *aggregation, m measured) groupColumn {
		return groupColumn{at: g.measure(query.CountOf, m), value: fieldtype.Number(0)}
	}},
	"sum": {summed, func(g *aggregation, m measured) groupColumn {
		value := m.value
		if value.Kind() == fieldtype.BoolKind {
			value = fieldtype.Number(0)
		}
		return groupColumn{at: g.measure(query.Sum, m), value: value}
	}},
	"avg": {summed, func(g *aggregation, m measured) groupColumn {
		sum, count := g.measure(query.Sum, m), g.measure(query.CountOf, m)
		return quotient(m.value, func(r store.Row) (stored.Sum, int64) { return total(r[sum]), r[count].(int64) })
	}},
	"min": {nil, func(g *aggregation, m measured) groupColumn {
		return groupColumn{at: g.measure(query.Min, m), value: m.value}
	}},
	"max": {nil, func(g *aggregation, m measured) groupColumn {
		return groupColumn{at: g.measure(query.Max, m), value: m.value}
	}},
	"median": {numbers, func(g *aggregation, m measured) groupColumn {
		m.percent = 50
		return percentile(g, m)
	}},
	"percentile": {numbers, percentile},
}

// percentile is the mean of the values between which the share ends.
func percentile(g *aggregation, m measured) groupColumn {
	low, high := g.measure(query.PercentileLow, m), g.measure(query.PercentileHigh, m)
	return quotient(m.value, func(r store.Row) (stored.Sum, int64) {
		if r[low] == nil {
			return stored.Sum{}, 0
		}
		return total(r[low], r[high]), 2
	})
}

// quotient is a column that is computed of a row of the store: a sum in units of the
// value, divided by a number, empty where that is 0. A duration stays one of whole seconds.
func quotient(value fieldtype.Value, of func(store.Row) (sum stored.Sum, n int64)) groupColumn {
	from, to, shown := stored.ScaleOf(value), 0, value
	switch value.Kind() {
	case fieldtype.NumberKind:
		to = from + quotientDigits
		shown = fieldtype.Number(to)
	case fieldtype.BoolKind:
		to = shareDigits
		shown = fieldtype.Number(to)
	}
	return groupColumn{at: computed, value: shown, compute: func(r store.Row) (any, error) {
		sum, n := of(r)
		if n == 0 {
			return nil, nil
		}
		return sum.Quotient(n, from, to)
	}}
}

func total(values ...any) stored.Sum {
	var sum stored.Sum
	for _, v := range values {
		n, _ := v.(int64)
		sum.Add(n)
	}
	return sum
}

func (g *aggregation) addMeasure(ctx context.Context, s *Reader, a *session.Object, m MeasureOf) error {
	op, known := measureOps[m.Op]
	bad := func() error {
		return fault.New(fault.Invalid, "list.bad_measure", "op", session.Shorten(m.Op), "field", session.Shorten(m.Field)).At("/op")
	}
	if !known {
		return bad()
	}
	if m.Op == "percentile" && (m.Percent < 1 || m.Percent > 99) || m.Op != "percentile" && m.Percent != 0 {
		return fault.New(fault.Invalid, "list.bad_percent").At("/percent")
	}
	filter, err := g.filter(ctx, s, a, m.Filter)
	if err != nil {
		return err
	}
	if m.Op == "count" && m.Field == "" {
		at := g.measure(query.Count, measured{filter: filter})
		return g.addColumn(groupColumn{at: at, value: fieldtype.Number(0)}, m.name())
	}
	f, ref, err := g.resolve(ctx, s.Session, a, m.Field)
	if err != nil {
		return err
	}
	if op.kinds != nil && !slices.Contains(op.kinds, f.Value.Kind()) {
		return bad()
	}
	return g.addColumn(op.column(g, measured{value: f.Value, ref: ref, filter: filter, percent: m.Percent}), m.name())
}
