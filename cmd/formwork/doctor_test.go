package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"formwork/engine/backup"
	"formwork/engine/catalog"
	"formwork/engine/job"
	"formwork/engine/platform"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/store/sqlite"
)

// certify writes a certificate that lives for 90 days and has some of them left.
func certify(t *testing.T, left time.Duration) (file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ends := time.Now().Add(left)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: ends.Add(-90 * 24 * time.Hour), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "cert.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// spoiling is a tenant in the hands of who makes something wrong with it.
type spoiling struct {
	*testing.T
	*platform.Platform
	tenant store.Tenant
	copies string
}

func (s *spoiling) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// keep takes a backup at a time.
func (s *spoiling) keep(at time.Time) {
	s.Helper()
	place, err := backup.Folder(s.copies)
	s.must(err)
	_, err = (&backup.Keeper{Place: place, Store: s.Store, Program: "test", Now: func() time.Time { return at }}).Take(s.Context(), "main")
	s.must(err)
}

// session is one that may do everything.
func (s *spoiling) session() *record.Session {
	s.Helper()
	snapshot, err := s.Catalog.Snapshot(s.Context(), s.tenant)
	s.must(err)
	return s.Records.As(s.tenant, snapshot, policy.System("main"))
}

// create makes a record as the program does.
func (s *spoiling) create(object string, data map[string]any) record.Record {
	s.Helper()
	saved, err := s.session().Create(s.Context(), object, data)
	s.must(err)
	return saved.Record
}

// apply publishes a revision.
func (s *spoiling) apply(document string) {
	s.Helper()
	_, err := s.Catalog.Apply(s.Context(), s.tenant, catalog.Change{Documents: []json.RawMessage{json.RawMessage(document)}}, 0)
	s.must(err)
}

// Doctor finds what is wrong, and in a tenant of which nothing is wrong it finds nothing.
// What it finds of a full disk, a damaged file and consumers is tested with those.
func TestDoctorFinds(t *testing.T) {
	template := t.TempDir()
	must(t, map[string]string{"FORMWORK_ADMIN_PASSWORD": "a given password"}, "tenant", "create", "main", "--data", template)
	settled(t, template)
	hour := time.Hour
	fit := certify(t, 60*24*hour)
	for _, c := range []struct {
		name  string
		clock time.Duration // how far ahead that of the program is which spoils
		spoil func(*spoiling)
		cert  string
		finds string
	}{
		{name: "nothing"},
		{name: "nothing, of records whose ids are made of names", spoil: func(s *spoiling) {
			s.apply(`{"kind":"object","name":"tax_rate","label":"Tax rate","configuration":true,"name_field":"name","fields":{"name":{"type":"text"}}}`)
			for n := range 20 {
				s.apply(fmt.Sprintf(`{"kind":"record","name":"r%d","object":"tax_rate","values":{"name":"R"}}`, n))
			}
		}},
		{name: "an index that is missing", finds: "main: the index i.website:d.same_website of account is not built", spoil: func(s *spoiling) {
			built, err := s.tenant.Indexes(s.Context(), "account")
			s.must(err)
			s.must(s.tenant.Index(s.Context(), "account", slices.DeleteFunc(built, func(i store.Index) bool { return i.Name == "i.website:d.same_website" })))
		}},
		{name: "a job that nobody begins", clock: -3 * hour, finds: "(index) is due and has not begun for 3h0m0s", spoil: func(s *spoiling) {
			s.must(s.tenant.Write(s.Context(), func(tx store.Tx) error {
				_, err := job.Enqueue(s.Context(), tx, s.IDs, s.Now(), job.New{Kind: "index"})
				return err
			}))
		}},
		{name: "a record of the future", clock: 48 * hour, finds: "main: the newest record of account is of ", spoil: func(s *spoiling) {
			s.create("account", map[string]any{"name": "Tomorrow"})
		}},
		{name: "a revision of the future", clock: 48 * hour, finds: "main: the newest revision is of ", spoil: func(s *spoiling) {
			s.apply(`{"kind":"object","name":"account","label":"Customer"}`)
		}},
		{name: "a backup of the future", finds: "main: the last backup is of ", spoil: func(s *spoiling) { s.keep(time.Now().Add(48 * hour)) }},
		{name: "a backup that is too old", finds: "main: the last backup is 5h0m0s old", spoil: func(s *spoiling) {
			s.must(os.RemoveAll(filepath.Join(s.copies, "main")))
			s.keep(time.Now().Add(-5 * hour))
		}},
		{name: "a team that does not exist", finds: `main: /sharing/help/to/teams/0: `, spoil: func(s *spoiling) {
			helpers := s.create("team", map[string]any{"name": "Helpers"})
			s.apply(`{"kind":"sharing","name":"help","object":"account","label":"Help","access":"read","to":{"teams":["Helpers"]}}`)
			s.must(s.session().Delete(s.Context(), "team", helpers.ID(), 0))
		}},
		{name: "a certificate near its end", cert: certify(t, 5*24*hour), finds: "the certificate: it ends in 120h0m0s"},
		{name: "a certificate that ended", cert: certify(t, -hour), finds: "the certificate: it ended at "},
		{name: "a certificate that is none", cert: "none.pem", finds: "the certificate: reading the certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, copies := t.TempDir(), t.TempDir()
			if err := os.CopyFS(data, os.DirFS(template)); err != nil {
				t.Fatal(err)
			}
			spoil(t, data, copies, c.clock, c.spoil)
			cert := c.cert
			if cert == "" {
				cert = fit
			}
			status, out, log := command(t, nil, "doctor", "--data", data, "--backup-to", copies, "--tls-cert", cert)
			want := 1
			if c.finds == "" {
				want = 0
			}
			if status != want || !strings.Contains(out, c.finds) || strings.Count(out, "\n") != 1 {
				t.Errorf("status %d\n%s%s", status, out, log)
			}
		})
	}
}

// settled has the background work of a new tenant done.
func settled(t *testing.T, data string) {
	t.Helper()
	s := serve(t, data, nil)
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		status, out, _ := command(t, nil, "doctor", "--data", data)
		if status == 0 {
			break
		}
		if time.Since(began) > 30*time.Second {
			t.Fatalf("the new tenant is not well: %s", out)
		}
	}
	s.stop()
}

// spoil opens a tenant by a clock that may be wrong, takes a backup, and has something made
// wrong.
func spoil(t *testing.T, data, copies string, ahead time.Duration, how func(*spoiling)) {
	t.Helper()
	opened, err := sqlite.Open(data, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	s := &spoiling{T: t, copies: copies, Platform: platform.New(platform.Options{Store: opened, Now: func() time.Time { return time.Now().Add(ahead) }})}
	s.tenant, err = s.Store.Tenant(t.Context(), "main")
	s.must(err)
	s.keep(time.Now())
	if how != nil {
		how(s)
	}
}

// clocked is a store with a clock of its own.
type clocked struct {
	store.Store
	at time.Time
}

func (c clocked) Clock(context.Context) (time.Time, error) { return c.at, nil }

func TestClockOff(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		its  time.Time
		want string
	}{
		{time.Time{}, ""}, {now.Add(5 * time.Second), ""}, {now.Add(-5 * time.Second), ""},
		{now.Add(time.Hour), "the clock of this machine is 1h0m0s behind the store's"},
		{now.Add(-time.Minute), "the clock of this machine is 1m0s ahead of the store's"},
	} {
		got, err := clockOff(t.Context(), clocked{at: c.its}, func() time.Time { return now })
		if err != nil || strings.Join(got, "") != c.want {
			t.Errorf("at %v: %q, %v, want %q", c.its, got, err, c.want)
		}
	}
}
