package api_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"formwork/engine/api"
)

// selfSigned is a configuration with a certificate for this machine.
func selfSigned(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// With TLS browsers are told to come back with TLS alone, cookies are for TLS alone, and
// what is known of a connection is known of one with TLS too.
func TestTLS(t *testing.T) {
	w := newWorldWith(t, func(o *api.Options) { o.TLS = selfSigned(t) })
	address := strings.TrimPrefix(w.base, "http://")
	w.base = "https://" + address
	w.http.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	status, header, raw := w.do("POST", "/api/v1/auth/login", nil, `{"email":"admin@example.com","password":"`+password+`"}`)
	if status != 200 || !strings.Contains(header.Get("Set-Cookie"), "secure") || !strings.HasPrefix(header.Get("Strict-Transport-Security"), "max-age=") {
		t.Errorf("%d %v %s", status, header, raw)
	}
	for range 3 { // on one connection
		if status, _, _ := w.do("GET", "/healthz", nil, ""); status != 200 {
			t.Errorf("healthz: %d", status)
		}
	}
	if c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil {
		c.Close()
		t.Error("speaks TLS 1.1")
	}
	c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("GET /healthz HTTP/1.1\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if response, raw := w.answer(c); response.StatusCode != 400 || code(t, raw) != "api.grammar" {
		t.Errorf("a bare LF over TLS: %d %s", response.StatusCode, raw)
	}
	if got := w.raw("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); strings.Contains(got, "200") {
		t.Errorf("answers without TLS: %s", got)
	}
}
