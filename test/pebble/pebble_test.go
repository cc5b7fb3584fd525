// Package pebble has the server get its certificate from Pebble, a small authority that
// speaks ACME. It is a module of its own so that the authority's dependencies are none of
// the product's.
package pebble

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/letsencrypt/challtestsrv"
	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"

	"formwork/engine/api"
	"formwork/engine/certificate"
)

const name = "crm.example"

// authority runs Pebble, which finds every name on this machine and proves it over a port.
func authority(t *testing.T, port int) (directory string, client *http.Client, roots *x509.CertPool) {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	quiet := log.New(io.Discard, "", 0)
	names := free(t)
	dns, err := challtestsrv.New(challtestsrv.Config{DNSAddrs: []string{names}, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	dns.SetDefaultDNSIPv4("127.0.0.1")
	dns.SetDefaultDNSIPv6("")
	go dns.Run()
	t.Cleanup(dns.Shutdown)

	store := db.NewMemoryStore()
	issuer := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "for tests"}})
	proof := va.New(quiet, 0, port, false, names, store)
	front := wfe.New(quiet, store, proof, issuer, []string{"pebble.example"}, false, false, 1, 1)
	server := httptest.NewTLSServer(front.Handler())
	t.Cleanup(server.Close)
	roots = x509.NewCertPool()
	roots.AddCert(issuer.GetRootCert(0).Cert)
	return server.URL + wfe.DirectoryPath, server.Client(), roots
}

// free is an address of this machine that nobody uses.
func free(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().String()
}

// serve runs a server until the test ends.
func serve(t *testing.T, l net.Listener, config *tls.Config) (stop func()) {
	t.Helper()
	server := api.New(api.Options{Now: time.Now, TLS: config})
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// A server without a certificate gets one when it is first asked under its name, over the
// port at which it serves, keeps it for its next start, and gets none for other names.
func TestGetsCertificates(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	directory, calls, roots := authority(t, l.Addr().(*net.TCPAddr).Port)
	source := certificate.ACME{Domains: []string{name}, Directory: directory, Email: "ops@crm.example", Cache: filepath.Join(t.TempDir(), "acme"), Client: calls}
	config, err := source.Get()
	if err != nil {
		t.Fatal(err)
	}
	stop := serve(t, l, config)

	ask := func() error {
		client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, address)
			}}}
		answer, err := client.Get("https://" + name + "/healthz")
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%d %v", answer.StatusCode, answer.Header)
		}
		return nil
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	if c, err := tls.Dial("tcp", address, &tls.Config{ServerName: "other.example", InsecureSkipVerify: true}); err == nil {
		c.Close()
		t.Error("shows a certificate for a name that is not its own")
	}
	stop()

	// What was got is kept, for its owner alone, and shown without the authority.
	entries, err := os.ReadDir(source.Cache)
	if err != nil {
		t.Fatal(err)
	}
	kept := ""
	for _, entry := range entries {
		kept += entry.Name() + " "
		if info, err := entry.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", entry.Name(), info.Mode(), err)
		}
	}
	if !strings.Contains(kept, name) {
		t.Errorf("kept are %s", kept)
	}
	source.Directory = "https://127.0.0.1:1/nobody"
	if config, err = source.Get(); err != nil {
		t.Fatal(err)
	}
	if l, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	stop = serve(t, l, config)
	if err := ask(); err != nil {
		t.Errorf("at the next start: %v", err)
	}
	stop()
}
