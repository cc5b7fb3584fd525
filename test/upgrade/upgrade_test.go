// Package upgrade_test opens data that released versions of the program wrote.
package upgrade_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"formwork/engine/enginetest"
	"formwork/engine/job"
	"formwork/engine/migration"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/store/sqlite"
)

// unpack puts a folder of data where a test may change it.
func unpack(t testing.TB, archive string) (folder string) {
	t.Helper()
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	packed, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	folder = t.TempDir()
	for in := tar.NewReader(packed); ; {
		head, err := in.Next()
		if errors.Is(err, io.EOF) {
			return filepath.Join(folder, "data")
		}
		if err != nil {
			t.Fatal(err)
		}
		if !filepath.IsLocal(head.Name) {
			t.Fatalf("%s has a file %s", archive, head.Name)
		}
		name := filepath.Join(folder, head.Name)
		if head.Typeflag == tar.TypeDir {
			err = os.MkdirAll(name, 0o700)
		} else {
			var raw []byte
			if raw, err = io.ReadAll(in); err == nil {
				err = os.WriteFile(name, raw, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// written is the one record of an object that a filter selects, as JSON.
func written(t *testing.T, s *record.Session, object, filter string) (r record.Record, shown map[string]any) {
	t.Helper()
	page, err := s.List(t.Context(), object, record.ListQuery{Filter: filter, Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Items) != 1 {
		t.Fatalf("%d records of %s where %s", len(page.Items), object, filter)
	}
	if r, err = s.Get(t.Context(), object, page.Items[0].ID(), nil); err != nil {
		t.Fatal(err)
	}
	raw, err := r.MarshalJSON()
	if err == nil {
		err = json.Unmarshal(raw, &shown)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r, shown
}

// The data of every released version is migrated when it is opened, is read and written,
// and its background work goes on.
func TestUpgrade(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.tar.gz")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no data (%v)", err)
	}
	for _, archive := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".tar.gz"), func(t *testing.T) { upgrade(t, unpack(t, archive)) })
	}
}

func upgrade(t *testing.T, folder string) {
	opened, err := sqlite.Open(folder, sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	p := enginetest.New(t, enginetest.Options{Open: func(testing.TB) store.Store { return opened }})
	p.Clock.Set(time.Date(2026, 11, 28, 22, 0, 0, 0, time.UTC))
	names, err := p.Store.Tenants(t.Context())
	if err != nil || strings.Join(names, " ") != "acme main" {
		t.Fatalf("tenants are %q (%v)", names, err)
	}
	ctx := t.Context()
	for _, name := range names {
		stored, err := p.Store.Tenant(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		if format, err := stored.Format(ctx); err != nil || format != len(migration.Steps())+1 {
			t.Errorf("%s has format %d (%v)", name, format, err)
		}
		if _, err := p.Catalog.Snapshot(ctx, stored); err != nil {
			t.Fatalf("the configuration of %s: %v", name, err)
		}
	}
	stored, err := p.Store.Tenant(ctx, "main")
	if err != nil {
		t.Fatal(err)
	}
	main := &enginetest.Tenant{Tenant: stored, Platform: p}
	s := main.System()

	waiting, err := job.List(ctx, stored, job.Listing{State: job.Waiting, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	backfills := 0
	for _, one := range waiting {
		if one.RunAt.Before(p.Clock.Now()) {
			backfills++
		}
	}
	if backfills == 0 {
		t.Errorf("no job waits of %d", len(waiting))
	}
	main.RunJobs()
	account, shown := written(t, s, "account", `name == "北京教育集团"`)
	if shown["students"] != 3200.0 || shown["campus_rooms"] != 42.0 || shown["campus_count"] != 1.0 {
		t.Errorf("after the job that waited the account is %v", shown)
	}

	campus, shown := written(t, s, "campus", `name == "东校区"`)
	if shown["total"] != 839.58 || shown["opened"] != "2019-09-01" {
		t.Errorf("the campus is %v", shown)
	}
	if _, err := s.Update(ctx, "campus", campus.ID(), map[string]any{"rooms": json.Number("50")}, campus.Version()); err != nil {
		t.Fatal(err)
	}
	main.Create("campus", map[string]any{"name": "西校区", "account": account.ID().String(), "rooms": json.Number("8"), "price": json.Number("5")})
	if _, shown = written(t, s, "account", `name == "北京教育集团"`); shown["campus_rooms"] != 58.0 || shown["campus_count"] != 2.0 {
		t.Errorf("roll-ups after writing: %v", shown)
	}
	history, err := s.History(ctx, "campus", campus.ID(), "", 50)
	if err != nil || len(history.Items) != 3 {
		t.Errorf("%d entries of history, want 3 (%v)", len(history.Items), err)
	}
	found, err := s.Search(ctx, "教育", nil, 5)
	if err != nil || len(found) == 0 {
		t.Errorf("nothing is found by its words (%v)", err)
	}
	bin, err := s.Bin(ctx, "account", record.BinQuery{Limit: 10})
	if err != nil || len(bin.Items) != 1 {
		t.Errorf("%d records in the bin, want 1 (%v)", len(bin.Items), err)
	}
	attached(t, main, account)

	revisions, err := p.Catalog.Revisions(ctx, stored, 0, 50)
	if err != nil || len(revisions) != 5 {
		t.Errorf("%d revisions, want 5 (%v)", len(revisions), err)
	}
	if _, _, err := p.Auth.Login(ctx, stored, "ann@example.com", "correct-horse-battery"); err != nil {
		t.Errorf("logging in: %v", err)
	}
	behind, err := p.Outbox.Status(ctx, stored)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range behind {
		if one.Attempts > 0 {
			t.Errorf("the consumer %s fails: %s", one.Consumer, one.Error)
		}
	}
}

// attached reads the file that is attached to a record.
func attached(t *testing.T, tenant *enginetest.Tenant, of record.Record) {
	t.Helper()
	files := tenant.Files.As(tenant.Tenant, tenant.Snapshot(), policy.System("main"))
	all, err := files.Attached(t.Context(), "account", of.ID())
	if err != nil || len(all) != 1 {
		t.Fatalf("%d files are attached, want 1 (%v)", len(all), err)
	}
	contents, err := files.Open(t.Context(), all[0])
	if err != nil {
		t.Fatal(err)
	}
	in := contents.Range(t.Context(), 0, contents.Size)
	defer in.Close()
	raw, err := io.ReadAll(in)
	if err != nil || string(raw) != strings.Repeat("A plan of the campus.\n", 200) {
		t.Errorf("the file holds %d bytes (%v)", len(raw), err)
	}
}
