package mongo

import (
	"context"
	"strconv"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	driver "go.mongodb.org/mongo-driver/mongo"

	"formwork/engine/query"
)

// measuring makes the measures of a grouping: what $group computes, and what is made of
// that after it.
type measuring struct {
	joined *joins
	group  bson.D
	lists  []list
	set    bson.D // members that replace what $group computed
}

// list is the values of a group that percentiles are taken of, under a name of its own.
type list struct {
	name   string
	ref    query.Ref
	filter query.Filter
}

// add puts a measure into the group under a name.
func (g *measuring) add(ctx context.Context, t *Tenant, name string, m query.Measure) error {
	filter, err := t.resolve(ctx, query.Simplify(m.Filter))
	if err != nil {
		return err
	}
	path := ""
	if m.Op != query.Count {
		path = "$" + g.joined.path(m.Ref)
	}
	if m.Op == query.PercentileLow || m.Op == query.PercentileHigh {
		g.set = append(g.set, bson.E{Key: name, Value: percentile(m, "$"+g.list(m.Ref, filter, path))})
		return nil
	}
	if m.Op == query.Min {
		least := bson.D{{Key: "$eq", Value: bson.A{"$" + name, primitive.MaxKey{}}}}
		g.set = append(g.set, bson.E{Key: name, Value: either(least, nil, "$"+name)})
	}
	g.group = append(g.group, bson.E{Key: name, Value: g.accumulator(m.Op, path, filter)})
	return nil
}

// list names the list of what is found at a path in rows that meet a filter; those that
// are equal are kept once.
func (g *measuring) list(ref query.Ref, filter query.Filter, path string) string {
	for _, known := range g.lists {
		if known.ref.Equal(ref) && query.Equal(known.filter, filter) {
			return known.name
		}
	}
	added := list{"l" + strconv.Itoa(len(g.lists)), ref, filter}
	g.lists = append(g.lists, added)
	present := bson.D{{Key: "$ne", Value: bson.A{orNull(path), nil}}}
	g.group = append(g.group, bson.E{Key: added.name, Value: bson.D{{Key: "$push", Value: either(g.counts(present, filter), path, "$$REMOVE")}}})
	return added.name
}

// after are the stages that follow $group.
func (g *measuring) after() driver.Pipeline {
	if len(g.set) == 0 {
		return nil
	}
	var stages driver.Pipeline
	if len(g.lists) > 0 {
		var sorted bson.D
		for _, l := range g.lists {
			sorted = append(sorted, bson.E{Key: l.name, Value: bson.D{{Key: "$sortArray", Value: bson.D{{Key: "input", Value: "$" + l.name}, {Key: "sortBy", Value: 1}}}}})
		}
		stages = append(stages, bson.D{{Key: "$set", Value: sorted}})
	}
	stages = append(stages, bson.D{{Key: "$set", Value: g.set}})
	if len(g.lists) > 0 {
		var names bson.A
		for _, l := range g.lists {
			names = append(names, l.name)
		}
		stages = append(stages, bson.D{{Key: "$unset", Value: names}})
	}
	return stages
}

// percentile picks one of the values of a sorted list. Of an empty list it is absent.
func percentile(m query.Measure, list string) bson.D {
	share := bson.D{{Key: "$multiply", Value: bson.A{bson.D{{Key: "$size", Value: list}}, m.Percent}}}
	place := bson.D{{Key: "$floor", Value: bson.D{{Key: "$divide", Value: bson.A{share, 100}}}}}
	if m.Op == query.PercentileLow {
		place = bson.D{{Key: "$subtract", Value: bson.A{bson.D{{Key: "$ceil", Value: bson.D{{Key: "$divide", Value: bson.A{share, 100}}}}}, 1}}}
	}
	return bson.D{{Key: "$arrayElemAt", Value: bson.A{list, bson.D{{Key: "$toInt", Value: place}}}}}
}

// counts is an expression that a row must meet to be measured, besides a filter.
func (g *measuring) counts(also any, filter query.Filter) any {
	if filter == nil {
		return also
	}
	return bson.D{{Key: "$and", Value: bson.A{also, predicate(filter, g.joined.path)}}}
}

// accumulator computes a measure of the rows that meet a filter. Sums are taken in Decimal128, whose 34 digits
// hold the sum of any number of int64 that a table can have rows: a sum of longs
// would turn into a double once it is out of their range.
func (g *measuring) accumulator(op query.MeasureOp, path string, filter query.Filter) bson.D {
	present := bson.D{{Key: "$ne", Value: bson.A{orNull(path), nil}}}
	switch op {
	case query.CountOf:
		return bson.D{{Key: "$sum", Value: either(g.counts(present, filter), int64(1), int64(0))}}
	case query.Sum:
		var value any = bson.D{{Key: "$toDecimal", Value: path}}
		if filter != nil {
			value = either(predicate(filter, g.joined.path), value, nil)
		}
		return bson.D{{Key: "$sum", Value: value}}
	case query.Min:
		// Some servers take what is absent for the least; MaxKey is no value of ours.
		return bson.D{{Key: "$min", Value: either(g.counts(present, filter), path, primitive.MaxKey{})}}
	case query.Max:
		if filter == nil {
			return bson.D{{Key: "$max", Value: path}}
		}
		return bson.D{{Key: "$max", Value: either(predicate(filter, g.joined.path), path, nil)}}
	}
	if filter == nil {
		return bson.D{{Key: "$sum", Value: int64(1)}}
	}
	return bson.D{{Key: "$sum", Value: either(predicate(filter, g.joined.path), int64(1), int64(0))}}
}

// either is one expression where a condition holds and another where it does not.
func either(condition, yes, no any) bson.D {
	return bson.D{{Key: "$cond", Value: bson.A{condition, yes, no}}}
}
