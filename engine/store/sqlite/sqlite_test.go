package sqlite

import (
	"testing"

	"formwork/engine/store"
	"formwork/engine/store/storetest"
)

func open(t *testing.T) store.Store {
	s, err := Open(t.TempDir(), Options{})
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

func TestStore(t *testing.T) { storetest.Run(t, open, nil) }
