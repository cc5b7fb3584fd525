package mongo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// The server holds a unique index only if all rows that it compares are on one shard. So a
// table that is spread, or that is going to be, has its unique keys in a table of keys:
// the values of a row in a unique key are claimed for it by a document whose id is made
// of the table, the key and the values. The server lets no two documents have one id, and
// spreads them by its hash. They are written in the transaction of the row (see claims.go).
//
// Definitions of tables tell which keys are claimed, and the registry counts the changes of
// that. Both change in one transaction. A write knows what to claim as of one change; before
// it commits it asks the registry in any case (see Tenant.confirm), finds out there whether
// it knew of the last one, and is begun anew if not. So of the writes that do not know of a
// change only those commit that asked the registry before it, and these have ended when
// writesEnd has passed.
//
// A key of a table that has rows is therefore made in these steps, each of which may be
// repeated, after whatever ended one of them:
//
//  1. The key is declared, as one that is being filled. From now on writes claim it.
//  2. Writes that do not know of it end.
//  3. The claims of all rows are added that are not there, in pages whose rows are locked.
//     What is claimed for another row already is a duplicate: the key is taken back.
//  4. The key is declared to be filled. A unique index that held it until now goes.
//
// Until step 4 the unique index, where there is one, refuses duplicates, and claims do so
// from then on: at no time does neither.

// claims is the collection of a tenant's claims, in which a document has a key and a row.
const (
	claims   = "formwork.keys"
	rowField = "row"
)

// finder begins the name of the index by which rows are found by the values of a key that
// is claimed.
const finder = "_unique_"

// longestClaim bounds the values in the id of a claim, in bytes; longer ones are told by
// their hash.
const longestClaim = 256

// uniqueKey is a unique key that is claimed, in the definition of its table.
type uniqueKey struct {
	Name    string         `bson:"name"` // of the index, as the contract has it
	Columns []unmadeColumn `bson:"columns"`
	// Number tells the key from a former one of its name, of which claims may be left.
	Number  int64 `bson:"number"`
	Filling bool  `bson:"filling"` // rows may lack their claims
}

// index is the unique index that the key is to those who use the store.
func (k uniqueKey) index() store.Index {
	return store.Index{Name: k.Name, Unique: true, Columns: indexColumns(k.Columns)}
}

// claimsOf begins the ids of all claims of a table.
func claimsOf(table string) string { return strconv.Quote(table) + " " }

// prefix begins the ids of the key's claims.
func (k uniqueKey) prefix(table string) string {
	return claimsOf(table) + strconv.Quote(k.Name) + " " + strconv.FormatInt(k.Number, 10) + " "
}

// claim is the id of the claim that a row has by its values, which are by field; ok is false
// if one of them is empty, which leaves the row out of the key.
func (k uniqueKey) claim(table string, values map[string]any) (id string, ok bool) {
	var all []byte
	for i, c := range k.Columns {
		if i > 0 {
			all = append(all, ' ')
		}
		switch v := values[c.Field].(type) {
		case string:
			all = strconv.AppendQuote(all, v)
		case int64:
			all = strconv.AppendInt(all, v, 10)
		case bool:
			all = strconv.AppendBool(all, v)
		default:
			return "", false
		}
	}
	if len(all) > longestClaim {
		sum := sha256.Sum256(all)
		all = []byte("sha256 " + hex.EncodeToString(sum[:]))
	}
	return k.prefix(table) + string(all), true
}

// claimable holds for unique indexes that can be keys which are claimed: those on values of
// which each has one form.
func claimable(index store.Index) bool {
	return index.Unique && !slices.ContainsFunc(index.Columns, func(c store.IndexColumn) bool {
		return c.Column.Storage == fieldtype.List || c.Column.Storage == fieldtype.JSON
	})
}

// claimed parts the indexes of a table whose unique keys are claimed into these and what is
// built: the others, and those by which rows are found by the values of keys.
func claimed(indexes []store.Index) (keys, built []store.Index) {
	for _, index := range indexes {
		if !claimable(index) {
			built = append(built, index)
			continue
		}
		keys = append(keys, index)
		find := store.Index{Name: finder + index.Name, Columns: index.Columns}
		if !slices.ContainsFunc(slices.Concat(indexes, built), func(other store.Index) bool { return alike(find, other) }) {
			built = append(built, find)
		}
	}
	return keys, built
}

// declared is what a definition says of a key, under a number.
func declared(index store.Index, number int64, filling bool) bson.E {
	key := uniqueKey{Name: index.Name, Columns: definedColumns(index), Number: number, Filling: filling}
	return bson.E{Key: keyPath(index.Name), Value: key}
}

// keyPath leads to a key in the definition of its table, or to a part of it.
func keyPath(name string, part ...string) string {
	return strings.Join(append([]string{"unique", field(name)}, part...), ".")
}

// withKeys adds the keys that are claimed to the indexes that a server lists of a table, and
// takes away what rows are found by. A key counts once it is filled; one that is being
// filled may still have its index.
func (d definition) withKeys(listed []store.Index) (all []store.Index) {
	for _, index := range listed {
		if !strings.HasPrefix(index.Name, finder) {
			all = append(all, index)
		}
	}
	for _, key := range d.Unique {
		if !key.Filling && !slices.ContainsFunc(all, func(have store.Index) bool { return have.Name == key.Name }) {
			all = append(all, key.index())
		}
	}
	slices.SortFunc(all, func(a, b store.Index) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// claiming is what writes know of the keys that are claimed, by table, as of a change.
type claiming struct {
	change int64
	keys   map[string][]uniqueKey
}

// noteClaiming forgets what is known, if the registry has counted other changes.
func (t *Tenant) noteClaiming(l listing) {
	if known := t.claiming.Load(); known != nil && known.change != l.Claiming {
		t.claiming.CompareAndSwap(known, nil)
	}
}

// claims are the keys that are claimed now. Of a tenant that never had one this is known
// since its handle was made, and costs nothing.
func (t *Tenant) claims(ctx context.Context) (*claiming, error) {
	if known := t.claiming.Load(); known != nil {
		return known, nil
	}
	l, err := t.listing(ctx)
	if err != nil {
		return nil, err
	}
	known := &claiming{change: l.Claiming, keys: map[string][]uniqueKey{}}
	if l.Claiming > 0 {
		cursor, err := t.db.Collection(definitions).Find(ctx, bson.D{{Key: "claimed", Value: true}}, options.Find().SetProjection(bson.D{{Key: "unique", Value: 1}}))
		if err != nil {
			return nil, failed("reading which keys are claimed", err)
		}
		var all []definition
		if err := cursor.All(ctx, &all); err != nil {
			return nil, failed("reading which keys are claimed", err)
		}
		for _, d := range all {
			for _, key := range d.Unique {
				known.keys[d.Table] = append(known.keys[d.Table], key)
			}
		}
	}
	t.claiming.Store(known)
	return known, nil
}

// declare changes definitions, and with them which keys are claimed, in one transaction with
// the count of such changes, whose number change is given. It sends what it writes by the
// context that it is given, and may run more than once.
func (t *Tenant) declare(ctx context.Context, change func(ctx context.Context, number int64) error) error {
	if err := createCollection(ctx, t.db.Collection(claims)); err != nil {
		return err
	}
	err := t.write(ctx, func(w store.Tx) error {
		x := w.(*tx)
		ctx := x.within(ctx)
		l, err := t.listing(ctx)
		if err != nil {
			return x.note(err)
		}
		if err := change(ctx, l.Claiming+1); err != nil {
			return x.note(err)
		}
		counted, err := t.store.tenants.UpdateOne(ctx, t.listed(), bson.D{{Key: "$inc", Value: bson.D{{Key: "claiming", Value: int64(1)}}}})
		if err == nil && counted.MatchedCount == 0 {
			err = t.isGone()
		}
		return x.note(failed("counting the changes of keys", err))
	})
	t.claiming.Store(nil)
	return err
}

// releaseAll removes the claims whose ids begin with a prefix, of which nobody asks any more.
func (t *Tenant) releaseAll(ctx context.Context, prefix string) error {
	after := prefix[:len(prefix)-1] + string(prefix[len(prefix)-1]+1)
	_, err := t.db.Collection(claims).DeleteMany(ctx, bson.D{{Key: keyField, Value: bson.D{{Key: "$gte", Value: prefix}, {Key: "$lt", Value: after}}}})
	return failed("removing the claims of a key", err)
}

// undeclare takes keys out of the definition of a table.
func (t *Tenant) undeclare(ctx context.Context, table string, keys []uniqueKey) error {
	if len(keys) == 0 {
		return nil
	}
	gone := bson.D{}
	for _, key := range keys {
		gone = append(gone, bson.E{Key: keyPath(key.Name), Value: ""})
	}
	err := t.declare(ctx, func(ctx context.Context, _ int64) error {
		_, err := t.db.Collection(definitions).UpdateOne(ctx, bson.D{{Key: "_id", Value: table}}, bson.D{{Key: "$unset", Value: gone}})
		return failed("declaring the keys of "+table, err)
	})
	for _, key := range keys {
		if err == nil {
			err = t.releaseAll(ctx, key.prefix(table))
		}
	}
	return err
}

// indexColumns are columns of a definition as the contract has them.
func indexColumns(columns []unmadeColumn) (all []store.IndexColumn) {
	for _, c := range columns {
		of := query.Column{Name: column(c.Field), Storage: storages[c.Storage]}
		if c.Field == keyField {
			of = query.ID
		}
		all = append(all, store.IndexColumn{Column: of, Descending: c.Descending})
	}
	return all
}

// definedColumns are the columns of an index as a definition has them.
func definedColumns(index store.Index) (all []unmadeColumn) {
	for _, c := range index.Columns {
		all = append(all, unmadeColumn{field(c.Column.Name), c.Column.Storage.Tag(), c.Descending})
	}
	return all
}
