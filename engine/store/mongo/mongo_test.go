package mongo_test

import (
	"testing"

	"formwork/engine/store"
	"formwork/engine/store/mongo"
	"formwork/engine/store/mongo/mongotest"
	"formwork/engine/store/storetest"
)

// TestShared is the part of the suite that two processes take part in.
func TestShared(t *testing.T) {
	uri := mongotest.URI()
	if uri == "" {
		t.Skip("FORMWORK_TEST_MONGODB_URI names no server")
	}
	storetest.RunShared(t, func(t *testing.T) (one, other store.Store) {
		o := mongo.Options{AllowStandalone: true, Database: mongotest.Database(t, uri)}
		var both [2]*mongo.Store
		for i := range both {
			s, err := mongo.Open(t.Context(), uri, o)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			both[i] = s
		}
		return both[0], both[1]
	})
}

// TestConformance runs the whole suite against a server of one's own, a replica
// set or a sharded cluster; once more with nearly all conditions behind lookups
// decided by joining.
func TestConformance(t *testing.T) {
	uri := mongotest.URI()
	if uri == "" {
		t.Skip("FORMWORK_TEST_MONGODB_URI is not set: no MongoDB to test against")
	}
	storetest.Run(t, func(t *testing.T) store.Store { return mongotest.Open(t, uri, mongo.Options{}) }, nil)
	t.Run("joining", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store {
			s := mongotest.Open(t, uri, mongo.Options{})
			mongo.ResolveAtMost(s, 2)
			return s
		}, nil)
	})
	t.Run("table of keys", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store {
			s := mongotest.Open(t, uri, mongo.Options{AllowStandalone: true, TableOfKeys: true})
			mongo.WritesEnd(s, 0)
			return s
		}, nil)
	})
	t.Run("blobs", func(t *testing.T) {
		storetest.Blobs(t, func(t *testing.T) store.Store { return mongotest.Open(t, uri, mongo.Options{}) }, nil)
	})
}
