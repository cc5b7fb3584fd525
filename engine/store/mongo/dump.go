package mongo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/fault"
	"formwork/engine/store"
)

// A dump is a sequence of BSON documents: first {dump: 1}; then for each collection
// {collection: <name>, indexes: [<specification>, …]} and {row: <document>} for each of
// its documents; and {end: <number of rows>}, without which it is broken off.

// item is a document of a dump.
type item struct {
	Dump       int        `bson:"dump,omitempty"`
	Collection string     `bson:"collection,omitempty"`
	Indexes    []bson.Raw `bson:"indexes,omitempty"`
	Row        bson.Raw   `bson:"row,omitempty"`
	End        *int64     `bson:"end,omitempty"`
}

const dumpVersion = 1

// Batches of rows that Load inserts, and the largest document that there may be: 16 MiB
// for a row, and what is around it.
const (
	loadRows    = 1000
	loadBytes   = 8 << 20
	maxDocument = 17 << 20
)

// Dump implements store.Tenant. All rows are read in one snapshot where the server has
// them; it keeps one for five minutes unless told otherwise
// (minSnapshotHistoryWindowInSeconds), and a dump that takes longer fails. Elsewhere rows
// are those that were there when each was read.
func (t *Tenant) Dump(ctx context.Context, w io.Writer) error {
	if err := t.ready(ctx); err != nil {
		return err
	}
	names, err := t.db.ListCollectionNames(ctx, bson.D{})
	if err != nil {
		return failed("listing the collections of a tenant", err)
	}
	slices.Sort(names)
	reading := ctx
	if t.store.snapshots {
		session, err := t.store.client.StartSession(options.Session().SetSnapshot(true))
		if err != nil {
			return failed("starting a session", err)
		}
		defer session.EndSession(context.WithoutCancel(ctx))
		reading = driver.NewSessionContext(ctx, session)
	}
	d := &dumping{w: bufio.NewWriter(w)}
	if err := d.write(item{Dump: dumpVersion}); err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, blobNames) || strings.HasPrefix(name, "system.") {
			continue
		}
		if err := d.collection(ctx, reading, t.db.Collection(name)); err != nil {
			return err
		}
	}
	if err := d.write(item{End: &d.rows}); err != nil {
		return err
	}
	return d.w.Flush()
}

type dumping struct {
	w    *bufio.Writer
	rows int64
}

func (d *dumping) write(i item) error {
	raw, err := bson.Marshal(i)
	if err == nil {
		_, err = d.w.Write(raw)
	}
	if err != nil {
		return fmt.Errorf("writing a dump: %w", err)
	}
	return nil
}

// collection dumps a collection. Its indexes are listed outside of the snapshot, in which
// the server has none.
func (d *dumping) collection(ctx, reading context.Context, c *driver.Collection) error {
	cursor, err := c.Indexes().List(ctx)
	if err != nil {
		return failed("listing the indexes of "+c.Name(), err)
	}
	var indexes []bson.Raw
	if err := cursor.All(ctx, &indexes); err != nil {
		return failed("listing the indexes of "+c.Name(), err)
	}
	if err := d.write(item{Collection: c.Name(), Indexes: indexes}); err != nil {
		return err
	}
	rows, err := c.Find(reading, bson.D{})
	if err != nil {
		return failed("dumping "+c.Name(), err)
	}
	defer rows.Close(context.WithoutCancel(ctx))
	for rows.Next(reading) {
		if err := d.write(item{Row: rows.Current}); err != nil {
			return err
		}
		d.rows++
	}
	return failed("dumping "+c.Name(), rows.Err())
}

// Load implements store.Store. Until all is there the tenant is listed as one that is
// being deleted, so that nobody sees it and the next who makes one of the name removes
// what was left.
func (s *Store) Load(ctx context.Context, name string, r io.Reader) (store.Tenant, error) {
	if !store.ValidTenant(name) {
		return nil, fault.New(fault.Invalid, "tenant.name")
	}
	in := &loading{r: bufio.NewReader(r)}
	if first, err := in.next(); err != nil || first.Dump != dumpVersion {
		var read *fault.Fault
		if errors.As(err, &read) {
			return nil, err
		}
		return nil, store.ForeignDump()
	}
	if err := s.finishDeletion(ctx, name); err != nil {
		return nil, err
	}
	made := primitive.NewObjectIDFromTimestamp(s.now())
	l := listing{Name: name, Database: s.database(name, made), Made: made, Deleting: true}
	if _, err := s.tenants.InsertOne(ctx, l); driver.IsDuplicateKeyError(err) {
		return nil, fault.New(fault.Conflict, "tenant.exists", "tenant", name)
	} else if err != nil {
		return nil, failed("creating a tenant", err)
	}
	if err := in.into(ctx, s.client.Database(l.Database), s); err != nil {
		return nil, errors.Join(err, s.finishDeletion(context.WithoutCancel(ctx), name))
	}
	shown, err := s.tenants.UpdateOne(ctx, bson.D{{Key: "_id", Value: name}, {Key: "made", Value: made}}, bson.D{{Key: "$unset", Value: bson.D{{Key: "deleting", Value: ""}}}})
	if err == nil && shown.MatchedCount == 0 {
		return nil, fault.New(fault.Conflict, "tenant.exists", "tenant", name) // somebody else made one meanwhile
	}
	if err != nil {
		return nil, failed("creating a tenant", err)
	}
	l.Deleting = false
	return s.hold(l), nil
}

// loading reads a dump.
type loading struct {
	r    *bufio.Reader
	rows int64
}

func (l *loading) next() (i item, err error) {
	head, err := l.r.Peek(4)
	if err != nil {
		return i, fmt.Errorf("reading a dump: %w", err)
	}
	size := int(head[0]) | int(head[1])<<8 | int(head[2])<<16 | int(head[3])<<24
	if size < 5 || size > maxDocument {
		return i, store.ForeignDump()
	}
	raw := make([]byte, size)
	if _, err := io.ReadFull(l.r, raw); err != nil {
		return i, fmt.Errorf("reading a dump: %w", err)
	}
	if err := bson.Unmarshal(raw, &i); err != nil {
		return i, store.ForeignDump().Because(err)
	}
	return i, nil
}

// into fills a database that nobody uses.
func (l *loading) into(ctx context.Context, db *driver.Database, s *Store) error {
	var c *driver.Collection
	var indexes []bson.Raw
	var batch []any
	bytes := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		_, err := c.InsertMany(ctx, batch)
		l.rows += int64(len(batch))
		batch, bytes = batch[:0], 0
		return failed("loading rows", err)
	}
	finish := func() error {
		if c == nil {
			return nil
		}
		if err := flush(); err != nil {
			return err
		}
		return buildRaw(ctx, c, indexes)
	}
	for {
		i, err := l.next()
		switch {
		case err != nil:
			return err
		case i.Row != nil:
			if c == nil {
				return store.ForeignDump()
			}
			batch, bytes = append(batch, i.Row), bytes+len(i.Row)
			if len(batch) == loadRows || bytes >= loadBytes {
				if err := flush(); err != nil {
					return err
				}
			}
		case i.Collection != "":
			if err := finish(); err != nil {
				return err
			}
			c, indexes = db.Collection(i.Collection), i.Indexes
			if err := createCollection(ctx, c); err != nil {
				return err
			}
		case i.End != nil:
			if err := finish(); err != nil {
				return err
			}
			if *i.End != l.rows {
				return fmt.Errorf("loading rows: there are %d, the dump tells of %d", l.rows, *i.End)
			}
			return nil
		default:
			return store.ForeignDump()
		}
	}
}

// buildRaw builds indexes as a server listed them, in the version of this server.
func buildRaw(ctx context.Context, c *driver.Collection, indexes []bson.Raw) error {
	var wanted bson.A
	for _, index := range indexes {
		var specification bson.D
		if err := bson.Unmarshal(index, &specification); err != nil {
			return store.ForeignDump().Because(err)
		}
		specification = slices.DeleteFunc(specification, func(e bson.E) bool { return e.Key == "ns" || e.Key == "v" })
		if name, _ := index.Lookup("name").StringValueOK(); name != "_id_" {
			wanted = append(wanted, specification)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	err := c.Database().RunCommand(ctx, bson.D{{Key: "createIndexes", Value: c.Name()}, {Key: "indexes", Value: wanted}}).Err()
	return failed("building the indexes of "+c.Name(), err)
}
