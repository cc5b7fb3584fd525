// Package certificate finds the certificates that a server shows over TLS: in files, which
// may be replaced while it serves, or from an authority that speaks ACME.
package certificate

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// lookEvery is how often the files are looked at, while there are handshakes.
const lookEvery = 10 * time.Second

// files are a certificate and its key in two files.
type files struct {
	cert, key string
	now       func() time.Time
	log       *slog.Logger

	current atomic.Pointer[tls.Certificate]

	mu     sync.Mutex // held by who looks at the files
	looked time.Time
	stamps [2]stamp // of the files that current was read from
}

// stamp tells a file from what it was before.
type stamp struct {
	size     int64
	modified time.Time
}

// Files serves the certificate (with those between it and a root) and the key that are in
// two files of PEM. What replaces them is shown within ten seconds; while it can't be read,
// or the two don't fit, the one before stays.
func Files(cert, key string, now func() time.Time, log *slog.Logger) (*tls.Config, error) {
	f := &files{cert: cert, key: key, now: now, log: log, looked: now()}
	if err := f.load(); err != nil {
		return nil, err
	}
	return secure(f.get, "http/1.1"), nil
}

// secure is how TLS is spoken here.
func secure(get func(*tls.ClientHelloInfo) (*tls.Certificate, error), protocols ...string) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: get, NextProtos: protocols}
}

// get is the certificate for a handshake.
func (f *files) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if f.mu.TryLock() { // one looks; the others take what is there
		defer f.mu.Unlock()
		if now := f.now(); now.Sub(f.looked) >= lookEvery {
			f.looked = now
			if err := f.load(); err != nil {
				f.log.Error("the certificate can't be read again; the one before stays", "error", err)
			}
		}
	}
	return f.current.Load(), nil
}

// load reads the files if they have changed.
func (f *files) load() error {
	var stamps [2]stamp
	for i, name := range []string{f.cert, f.key} {
		info, err := os.Stat(name)
		if err != nil {
			return fmt.Errorf("looking at the certificate: %w", err)
		}
		stamps[i] = stamp{info.Size(), info.ModTime()}
	}
	if stamps == f.stamps {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("reading the certificate %s with the key %s: %w", f.cert, f.key, err)
	}
	if f.current.Swap(&pair) != nil {
		f.log.Info("the certificate was replaced", "subject", pair.Leaf.Subject.String(), "until", pair.Leaf.NotAfter)
	}
	f.stamps = stamps
	return nil
}
