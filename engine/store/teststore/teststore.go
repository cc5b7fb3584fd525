// Package teststore opens the stores on which the rooms above them are tested:
// SQLite, and MongoDB where FORMWORK_TEST_MONGODB_URI names a server (a standalone
// one, too: what it can't do, the conformance suite of stores asks for).
package teststore

import (
	"testing"

	"formwork/engine/store"
	"formwork/engine/store/mongo"
	"formwork/engine/store/mongo/mongotest"
	"formwork/engine/store/sqlite"
)

// Opener returns an empty store, which is closed and gone when the test ends.
type Opener func(t testing.TB) store.Store

// Each runs a test on every store there is.
func Each(t *testing.T, test func(t *testing.T, open Opener)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, openSQLite) })
	if mongotest.URI() != "" {
		t.Run("mongo", func(t *testing.T) { test(t, openMongo) })
	}
}

// Open is an Opener of MongoDB if there is one, else of SQLite: the tests of a room
// all run on MongoDB, too, when they are told to.
func Open(t testing.TB) store.Store {
	t.Helper()
	if mongotest.URI() != "" {
		return openMongo(t)
	}
	return openSQLite(t)
}

func openSQLite(t testing.TB) store.Store {
	t.Helper()
	s, err := sqlite.Open(t.TempDir(), sqlite.Options{Relaxed: true})
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

func openMongo(t testing.TB) store.Store {
	t.Helper()
	return mongotest.Open(t, mongotest.URI(), mongo.Options{AllowStandalone: true})
}
