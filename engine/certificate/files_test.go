package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pair makes a certificate of a name with its key, as PEM.
func pair(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

// Files that are replaced are shown; while they don't fit, what was there before is.
func TestFilesAreReplaced(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	now := time.Now()
	written := now
	write := func(name string, content []byte) {
		t.Helper()
		written = written.Add(time.Second) // file systems keep times more or less exactly
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, written, written); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	open := func() (*tls.Config, error) {
		return Files(certFile, keyFile, func() time.Time { return now }, slog.New(slog.NewTextHandler(&log, nil)))
	}
	if _, err := open(); err == nil {
		t.Error("files that are not there are taken")
	}
	cert, key := pair(t, "first.example")
	write(certFile, cert)
	write(keyFile, key)
	config, err := open()
	if err != nil {
		t.Fatal(err)
	}
	if config.MinVersion != tls.VersionTLS12 {
		t.Errorf("speaks TLS from %x", config.MinVersion)
	}
	shows := func(want string) {
		t.Helper()
		got, err := config.GetCertificate(&tls.ClientHelloInfo{})
		if err != nil || got.Leaf.Subject.CommonName != want {
			t.Errorf("shows %v, want %s: %v", got.Leaf.Subject, want, err)
		}
	}
	shows("first.example")

	cert, key = pair(t, "second.example")
	write(certFile, cert)
	shows("first.example") // not looked at yet
	now = now.Add(lookEvery)
	shows("first.example")
	if !strings.Contains(log.String(), "the one before stays") {
		t.Errorf("the log is silent: %s", &log)
	}
	write(keyFile, key)
	now = now.Add(lookEvery)
	shows("second.example")
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	now = now.Add(lookEvery)
	shows("second.example")
}
