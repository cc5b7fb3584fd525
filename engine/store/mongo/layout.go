package mongo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/x/bsonx/bsoncore"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// layout says how the values of a row are read out of a document, and what is to
// be fetched from other tables to complete it.
type layout struct {
	shown      int // values that were asked for; after them come lookups to follow
	width      int
	fields     slots
	links      []*link
	projection bson.D
}

// slots are the fields of a document by name.
type slots map[string]*slot

// slot is where a field's value goes.
type slot struct {
	storage   fieldtype.Storage
	positions []int
	inner     slots // of a joined record
}

// link is a hop that is followed after rows were read.
type link struct {
	hop     query.Hop
	from    int            // position of the lookup in the row it starts from
	columns []query.Column // of the record that is reached
	targets []int          // the position of each column in the row, -1 if it is only followed
	links   []*link        // start from columns
}

// arrange plans the reading of columns. References through joins are read from
// the joined records, others are linked.
func arrange(columns []query.Ref, j *joins) layout {
	l := layout{shown: len(columns), width: len(columns), fields: slots{}}
	for i, r := range columns {
		if len(r.Hops) == 0 || j.find(r.Hops) != nil {
			l.fields.put(j.path(r), r.Column.Storage, i)
			l.project(j.path(r))
			continue
		}
		first := l.start(r.Hops[0])
		first.reach(r.Hops[1:], r.Column, i)
	}
	if len(l.projection) == 0 {
		l.projection = bson.D{{Key: keyField, Value: 1}}
	}
	return l
}

func (l *layout) project(path string) {
	if !slices.ContainsFunc(l.projection, func(e bson.E) bool { return e.Key == path }) {
		l.projection = append(l.projection, bson.E{Key: path, Value: 1})
	}
}

// start returns the link of a hop from the row itself.
func (l *layout) start(hop query.Hop) *link {
	for _, known := range l.links {
		if known.hop.Equal(hop) {
			return known
		}
	}
	started := &link{hop: hop, from: l.width}
	l.width++
	l.fields.put(field(hop.Lookup.Name), hop.Lookup.Storage, started.from)
	l.project(field(hop.Lookup.Name))
	l.links = append(l.links, started)
	return started
}

// reach makes the link fetch a column, further hops away or of its own record.
func (l *link) reach(hops []query.Hop, c query.Column, target int) {
	if len(hops) == 0 {
		l.columns = append(l.columns, c)
		l.targets = append(l.targets, target)
		return
	}
	for _, known := range l.links {
		if known.hop.Equal(hops[0]) {
			known.reach(hops[1:], c, target)
			return
		}
	}
	further := &link{hop: hops[0], from: len(l.columns)}
	l.columns = append(l.columns, hops[0].Lookup)
	l.targets = append(l.targets, -1)
	l.links = append(l.links, further)
	further.reach(hops[1:], c, target)
}

// follow fetches the records that sources lead to, and fills the rows. Sources
// are the rows themselves or the records of the hop before, nil where that led
// nowhere; position is the lookup's in them.
func (t *Tenant) follow(ctx context.Context, l *link, rows, sources []store.Row, position int) error {
	var keys []any
	wanted := map[any]store.Row{}
	for _, source := range sources {
		if source == nil || source[position] == nil {
			continue
		}
		if _, twice := wanted[source[position]]; !twice {
			wanted[source[position]] = nil
			keys = append(keys, source[position])
		}
	}
	if len(keys) == 0 {
		return nil
	}
	columns := make([]query.Ref, 0, len(l.columns)+1)
	for _, c := range l.columns {
		columns = append(columns, query.Field(c))
	}
	columns = append(columns, query.Field(query.ID))
	q := query.Select{
		Table:   l.hop.Table,
		Columns: columns,
		Filter:  query.All{query.In{Ref: query.Field(query.ID), Values: keys}, l.hop.Guard},
		Limit:   len(keys),
	}
	for record, err := range t.rows(ctx, q) {
		if err != nil {
			return err
		}
		wanted[record[len(l.columns)]] = slices.Clone(record[:len(l.columns)])
	}
	reached := make([]store.Row, len(rows))
	for i, source := range sources {
		if source == nil || wanted[source[position]] == nil {
			continue
		}
		reached[i] = wanted[source[position]]
		for c, target := range l.targets {
			if target >= 0 {
				rows[i][target] = reached[i][c]
			}
		}
	}
	for _, further := range l.links {
		if err := t.follow(ctx, further, rows, reached, further.from); err != nil {
			return err
		}
	}
	return nil
}

// put sends the value at a path to a position.
func (s slots) put(path string, storage fieldtype.Storage, position int) {
	name, rest, nested := strings.Cut(path, ".")
	known := s[name]
	if known == nil {
		known = &slot{storage: storage}
		s[name] = known
	}
	if !nested {
		known.positions = append(known.positions, position)
		return
	}
	if known.inner == nil {
		known.inner = slots{}
	}
	known.inner.put(rest, storage, position)
}

// read puts the values of a document into a row.
func (s slots) read(document []byte, row store.Row) error {
	length, rest, ok := bsoncore.ReadLength(document)
	if !ok || int(length) > len(document) {
		return fmt.Errorf("mongo: a document is broken off")
	}
	for len(rest) > 1 {
		element, after, ok := bsoncore.ReadElement(rest)
		if !ok {
			return fmt.Errorf("mongo: a document is broken off")
		}
		rest = after
		to := s[string(element.KeyBytes())]
		if to == nil {
			continue
		}
		v, err := element.ValueErr()
		if err != nil {
			return fmt.Errorf("mongo: reading a document: %w", err)
		}
		if to.inner != nil {
			if v.Type == bson.TypeEmbeddedDocument {
				if err := to.inner.read(v.Data, row); err != nil {
					return err
				}
			}
			continue
		}
		decoded, err := decode(v, to.storage)
		if err != nil {
			return fmt.Errorf("column %s: %w", element.KeyBytes(), err)
		}
		for _, p := range to.positions {
			row[p] = decoded
		}
	}
	return nil
}
