package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/bson"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/fault"
)

// stamps is the collection beside the registry that holds the registry's stamp. A
// tenant's is in the tenant's own database, in a collection of the same name.
const stamps = "formwork.format"

// formatStamp is its one document.
type formatStamp struct {
	Format int `bson:"format"`
}

var stampKey = bson.D{{Key: "_id", Value: "format"}}

func readStamp(ctx context.Context, db *driver.Database) (int, error) {
	var s formatStamp
	err := db.Collection(stamps).FindOne(ctx, stampKey).Decode(&s)
	if err == driver.ErrNoDocuments {
		return 0, nil
	}
	return s.Format, failed("reading a stamp of the format", err)
}

func writeStamp(ctx context.Context, db *driver.Database, format int) error {
	change := bson.D{{Key: "$set", Value: formatStamp{format}}}
	_, err := db.Collection(stamps).UpdateOne(ctx, stampKey, change, options.Update().SetUpsert(true))
	return failed("stamping the format", err)
}

// Format implements store.Store.
func (s *Store) Format(ctx context.Context) (int, error) {
	return readStamp(ctx, s.tenants.Database())
}

// Stamp implements store.Store.
func (s *Store) Stamp(ctx context.Context, format int) error {
	return writeStamp(ctx, s.tenants.Database(), format)
}

// Format implements store.Tenant.
func (t *Tenant) Format(ctx context.Context) (int, error) {
	if t.gone.Load() {
		return 0, fault.New(fault.NotFound, "tenant.not_found", "tenant", t.name)
	}
	return readStamp(ctx, t.db)
}

// Stamp implements store.Tenant.
func (t *Tenant) Stamp(ctx context.Context, format int) error {
	leave, err := t.changing(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return writeStamp(ctx, t.db, format)
}
