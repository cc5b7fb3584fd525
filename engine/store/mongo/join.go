package mongo

import (
	"context"
	"slices"
	"strconv"

	"go.mongodb.org/mongo-driver/bson"
	driver "go.mongodb.org/mongo-driver/mongo"

	"formwork/engine/query"
)

// joins puts the records reached through lookups into the documents of a
// pipeline, each once however many references pass through it.
type joins struct {
	list   []*join
	staged int // how many of the list are in a pipeline already
}

// join is one path of hops; the record at its end is the field of its alias.
type join struct {
	hops  []query.Hop
	from  string // path of the last lookup
	alias string
}

// path says where a reference's value is found, joining what it passes through.
func (j *joins) path(r query.Ref) string {
	if len(r.Hops) == 0 {
		return field(r.Column.Name)
	}
	if known := j.find(r.Hops); known != nil {
		return known.alias + "." + field(r.Column.Name)
	}
	last := len(r.Hops) - 1
	added := &join{hops: r.Hops, from: j.path(query.Ref{Hops: r.Hops[:last], Column: r.Hops[last].Lookup})}
	added.alias = "_" + strconv.Itoa(len(j.list))
	j.list = append(j.list, added)
	return added.alias + "." + field(r.Column.Name)
}

func (j *joins) find(hops []query.Hop) *join {
	for _, known := range j.list {
		if slices.EqualFunc(known.hops, hops, query.Hop.Equal) {
			return known
		}
	}
	return nil
}

// stages returns the stages of joins that were added since it was last called.
func (j *joins) stages(ctx context.Context, t *Tenant) (driver.Pipeline, error) {
	var stages driver.Pipeline
	for ; j.staged < len(j.list); j.staged++ {
		joined := j.list[j.staged]
		hop := joined.hops[len(joined.hops)-1]
		lookup := bson.D{
			{Key: "from", Value: hop.Table},
			{Key: "localField", Value: joined.from},
			{Key: "foreignField", Value: keyField},
		}
		if hop.Guard != nil {
			chosen, err := t.choose(ctx, hop.Guard, nil)
			if err != nil {
				return nil, err
			}
			guard, err := chosen.stages(ctx, t, &joins{}, nil)
			if err != nil {
				return nil, err
			}
			if len(guard) > 0 {
				lookup = append(lookup, bson.E{Key: "pipeline", Value: guard})
			}
		}
		lookup = append(lookup, bson.E{Key: "as", Value: joined.alias})
		stages = append(stages,
			bson.D{{Key: "$lookup", Value: lookup}},
			bson.D{{Key: "$unwind", Value: bson.D{
				{Key: "path", Value: "$" + joined.alias},
				{Key: "preserveNullAndEmptyArrays", Value: true},
			}}})
	}
	return stages, nil
}

// chosen is what selects rows of a table: conditions on the row itself, and a
// filter that must be decided on joined records.
type chosen struct {
	nothing bool // no row can be selected
	own     bson.D
	rest    query.Filter // nil if there is none
}

// choose makes a filter and words ready for the server; conditions behind lookups
// are resolved as far as they can be.
func (t *Tenant) choose(ctx context.Context, filter query.Filter, words []query.Word) (chosen, error) {
	filter, err := t.resolve(ctx, query.Simplify(filter))
	if err != nil {
		return chosen{}, err
	}
	if query.Never(filter) {
		return chosen{nothing: true, own: condition(query.Nothing, nil)}, nil
	}
	parts, ok := filter.(query.All)
	if !ok {
		parts = query.All{filter}
	}
	var own, rest []query.Filter
	for _, part := range parts {
		if hasHops(part) {
			rest = append(rest, part)
		} else {
			own = append(own, part)
		}
	}
	c := chosen{own: condition(query.And(own...), (*joins)(nil).path), rest: query.And(rest...)}
	if len(words) > 0 {
		all := wordConditions(words)
		if len(c.own) > 0 {
			all = append(all, c.own)
		}
		c.own = bson.D{{Key: "$and", Value: all}}
	}
	return c, nil
}

// stages returns the stages that select the rows; order, if there is one, is put
// before what is joined, so that it can come out of an index.
func (c chosen) stages(ctx context.Context, t *Tenant, j *joins, order bson.D) (driver.Pipeline, error) {
	var stages driver.Pipeline
	if len(c.own) > 0 {
		stages = append(stages, bson.D{{Key: "$match", Value: c.own}})
	}
	if len(order) > 0 {
		stages = append(stages, bson.D{{Key: "$sort", Value: order}})
	}
	if c.rest == nil {
		return stages, nil
	}
	match := condition(c.rest, j.path)
	joined, err := j.stages(ctx, t)
	if err != nil {
		return nil, err
	}
	return append(append(stages, joined...), bson.D{{Key: "$match", Value: match}}), nil
}
