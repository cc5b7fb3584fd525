package mongo_test

import (
	"context"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/store"
	"formwork/engine/store/mongo"
	"formwork/engine/store/storetest"
)

// TestConformance runs the whole suite against a server of one's own, a replica
// set or a sharded cluster; once more with nearly all conditions behind lookups
// decided by joining.
func TestConformance(t *testing.T) {
	uri := os.Getenv("FORMWORK_TEST_MONGODB_URI")
	if uri == "" {
		t.Skip("FORMWORK_TEST_MONGODB_URI is not set: no MongoDB to test against")
	}
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, uri) }, nil)
	t.Run("joining", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store {
			s := open(t, uri)
			mongo.ResolveAtMost(s, 2)
			return s
		}, nil)
	})
}

var opened atomic.Int64

// open returns an empty store of a name of its own; all of its databases are
// dropped at the end.
func open(t *testing.T, uri string) *mongo.Store {
	t.Helper()
	database := "fwtest" + strconv.FormatInt(time.Now().UnixNano(), 36) + strconv.FormatInt(opened.Add(1), 36)
	s, err := mongo.Open(t.Context(), uri, mongo.Options{Database: database})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := dropDatabases(uri, database); err != nil {
			t.Error(err)
		}
	})
	return s
}

func dropDatabases(uri, prefix string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client, err := driver.Connect(ctx, options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	defer client.Disconnect(ctx)
	names, err := client.ListDatabaseNames(ctx, bson.D{{Key: "name", Value: bson.D{{Key: "$regex", Value: "^" + prefix}}}})
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := client.Database(name).Drop(ctx); err != nil {
			return err
		}
	}
	return nil
}
