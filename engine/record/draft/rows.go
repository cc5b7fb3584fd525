package draft

import (
	"encoding/json"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/metadata/fieldtype"
)

// rowEnv answers programs on one child row.
type rowEnv struct {
	*session.Env
	values map[string]any // by field
}

// Get implements expression.Env. Formulas of a row are among its values.
func (e *rowEnv) Get(p expression.Path) any {
	if p.Root == "user" {
		return e.Env.Get(p)
	}
	if len(p.Via) == 0 {
		return e.values[p.Leaf.Name]
	}
	first, ok := e.values[p.Via[0].Name].(int64)
	if !ok {
		return nil
	}
	v, err := session.ReadBehind(e.Ctx, e.Reader, first, p.Ref())
	if err != nil {
		e.Fail(err)
	}
	return v
}

// computeRows computes the formulas of child rows, inner rows first.
func computeRows(e *session.Env, f *catalog.Field, value any) (any, error) {
	raw, ok := value.(json.RawMessage)
	if !ok {
		return value, nil
	}
	nests := f.Value.(fieldtype.Nests)
	rows, err := fieldtype.Rows(nests, raw)
	if err != nil {
		return nil, err
	}
	for _, values := range rows {
		for _, inner := range f.Rows.Fields {
			if inner.Rows == nil || !stored.ComputesRows(inner.Rows) {
				continue
			}
			if values[inner.Name], err = computeRows(e, inner, values[inner.Name]); err != nil {
				return nil, err
			}
		}
		for _, formula := range f.Rows.Computed {
			if values[formula.Name], err = formula.Formula.Eval(&rowEnv{Env: e, values: values}); err != nil {
				return nil, err
			}
		}
	}
	return fieldtype.AppendRows(nil, nests, rows), nil
}

// rollUpRows computes a roll-up over the record's own child rows.
func rollUpRows(e *session.Env, f *stored.Field) (any, error) {
	roll := f.Value.(fieldtype.Rolls).Rollup()
	of, ok := e.Mapping.ByName[roll.Rows]
	if !ok {
		return nil, nil
	}
	raw, _ := e.Row[of.Slot].(json.RawMessage)
	var rows []map[string]any
	if raw != nil {
		var err error
		if rows, err = fieldtype.Rows(of.Value.(fieldtype.Nests), raw); err != nil {
			return nil, err
		}
	}
	t := tally{op: roll.Op, to: stored.ScaleOf(f.Value)}
	if field, ok := of.Rows.Field(roll.Field); ok {
		t.from = stored.ScaleOf(field.Value)
	}
	for _, values := range rows {
		if f.RowFilter != nil {
			if yes, err := f.RowFilter.Holds(&rowEnv{Env: e, values: values}); err != nil || !yes {
				continue
			}
		}
		t.add(values[roll.Field])
	}
	return t.result()
}

// tally is a roll-up of values that are at hand.
type tally struct {
	op          string
	from, to    int // scales of the values and of the result
	rows, count int64
	sum         stored.Sum
	least, most any
}

func (t *tally) add(v any) {
	t.rows++
	if v == nil {
		return
	}
	t.count++
	if n, ok := v.(int64); ok {
		t.sum.Add(n)
	}
	if order, ok := query.Order3(v, t.least); ok && (t.least == nil || order < 0) {
		t.least = v
	}
	if order, ok := query.Order3(v, t.most); ok && (t.most == nil || order > 0) {
		t.most = v
	}
}

func (t *tally) result() (any, error) {
	switch t.op {
	case "count":
		return t.rows, nil
	case "sum":
		return t.sum.Quotient(1, t.from, t.to)
	case "avg":
		if t.count == 0 {
			return nil, nil
		}
		return t.sum.Quotient(t.count, t.from, t.to)
	case "min":
		return stored.Rescale(t.least, t.from, t.to)
	}
	return stored.Rescale(t.most, t.from, t.to)
}
