package certificate

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestValidity(t *testing.T) {
	dir := t.TempDir()
	cert, key := pair(t, "crm.example") // for an hour from now on
	file := filepath.Join(dir, "crm.example")
	if err := os.WriteFile(file, append(key, cert...), 0o600); err != nil { // as the cache of ACME has them
		t.Fatal(err)
	}
	now := time.Now()
	got, err := FileValidity(file)
	if err != nil || got.Until.Before(now.Add(50*time.Minute)) || got.Until.After(now.Add(70*time.Minute)) {
		t.Errorf("holds until %v: %v", got.Until, err)
	}
	first, err := ACME{Domains: []string{"none.example", "crm.example"}, Cache: dir}.Validity(t.Context())
	if err != nil || !first.Until.Equal(got.Until) {
		t.Errorf("of the names: %v, %v", first, err)
	}
	if none, err := (ACME{Domains: []string{"none.example"}, Cache: dir}).Validity(t.Context()); err != nil || !none.Until.IsZero() {
		t.Errorf("of a name without one: %v, %v", none, err)
	}
	for name, content := range map[string]string{"no.pem": "nothing", "key.pem": string(key)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if v, err := FileValidity(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s holds until %v", name, v)
		}
	}
	day := 24 * time.Hour
	for _, c := range []struct {
		life, left time.Duration
		near       bool
	}{{90 * day, 15 * day, false}, {90 * day, 13 * day, true}, {6 * day, 2 * day, false}, {6 * day, day / 2, true}, {90 * day, -day, true}} {
		v := Validity{From: now.Add(c.left - c.life), Until: now.Add(c.left)}
		if v.NearEnd(now) != c.near {
			t.Errorf("of %v, with %v left: near its end is %v", c.life, c.left, !c.near)
		}
	}
}
