// Package mongotest opens stores on a MongoDB server of one's own, for tests.
package mongotest

import (
	"context"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/store/mongo"
)

// URI is the address of the server that tests may use, empty if there is none.
func URI() string { return os.Getenv("FORMWORK_TEST_MONGODB_URI") }

// opened makes the names of stores that one process opens at a time differ.
var opened atomic.Int64

// Open returns an empty store under a name of its own, which it puts into the
// options. All of its databases are dropped when the test ends.
func Open(t testing.TB, uri string, o mongo.Options) *mongo.Store {
	t.Helper()
	o.Database = Database(t, uri)
	s, err := mongo.Open(context.Background(), uri, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Database is a name for mongo.Options.Database that nobody uses. Its databases
// are dropped when the test ends.
func Database(t testing.TB, uri string) string {
	t.Helper()
	name := "fwtest" + strconv.FormatInt(time.Now().UnixNano(), 36) + strconv.FormatInt(opened.Add(1), 36)
	t.Cleanup(func() {
		if err := drop(uri, name); err != nil {
			t.Error(err)
		}
	})
	return name
}

// Address is the address of a database that nobody uses, as Database names it.
func Address(t testing.TB, uri string) string {
	t.Helper()
	parted := strings.SplitN(uri, "?", 2)
	parted[0] = strings.TrimSuffix(parted[0], "/") + "/" + Database(t, uri)
	return strings.Join(parted, "?")
}

// drop drops the databases whose names begin with a prefix.
func drop(uri, prefix string) error {
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
