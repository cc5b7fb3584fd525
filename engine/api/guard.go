package api

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/auth"
	"formwork/engine/fault"
)

// sessionCookie carries the token for browsers.
const sessionCookie = "formwork_session"

// deviceCookie is sent with logins alone, and tells that somebody logged in here before.
const deviceCookie = "formwork_device"

const requestIDHeader = "X-Request-Id"

// headers sets what every answer carries.
func (s *Server) headers(r *request) {
	h := &r.http.Response().Header
	h.Set(requestIDHeader, r.id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	if r.http.Protocol() == "https" {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// readToken takes the token from the Authorization header, else from the cookie.
func (r *request) readToken() {
	header := &r.http.Request().Header
	if authorization := string(header.Peek(fiber.HeaderAuthorization)); authorization != "" {
		if len(authorization) > 7 && strings.EqualFold(authorization[:7], "Bearer ") {
			r.token = strings.TrimSpace(authorization[7:])
		}
		return
	}
	r.token = string(header.Cookie(sessionCookie))
	r.cookie = r.token != ""
}

// sameSite refuses writes that another site made the browser send: what a browser
// says of its own accord (Sec-Fetch-Site, Origin) must name this site. A client
// that says nothing of the kind is no browser.
func (r *request) sameSite() error {
	switch r.http.Method() {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions:
		return nil
	}
	switch r.http.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return nil
	case "":
		origin := r.http.Get(fiber.HeaderOrigin)
		if origin == "" {
			return nil
		}
		if u, err := url.Parse(origin); err == nil && u.Host == string(r.http.Request().Host()) {
			return nil
		}
	}
	return fault.New(fault.Forbidden, "auth.cross_site")
}

// setCookie gives a browser its token; "" takes it away.
func (r *request) setCookie(token string) {
	cookie := &fiber.Cookie{Name: sessionCookie, Value: token, Path: "/", HTTPOnly: true, SameSite: fiber.CookieSameSiteLaxMode,
		Secure: r.http.Protocol() == "https", MaxAge: int(30 * 24 * time.Hour / time.Second)}
	if token == "" {
		cookie.MaxAge, cookie.Expires = 0, time.Unix(1, 0)
	}
	r.http.Cookie(cookie)
}

// setDevice gives a browser what it is known by at its next login.
func (r *request) setDevice(token string) {
	r.http.Cookie(&fiber.Cookie{Name: deviceCookie, Value: token, Path: Prefix + "/auth/login", HTTPOnly: true,
		SameSite: fiber.CookieSameSiteStrictMode, Secure: r.http.Protocol() == "https", MaxAge: int(auth.DeviceLife / time.Second)})
}

// requestNumbers makes request ids: a random start for the process, and a count.
type requestNumbers struct {
	process string
	count   *atomic.Uint64
}

func newRequestNumbers(now time.Time) requestNumbers {
	var b [8]byte
	if _, err := rand.Read(b[:4]); err != nil {
		panic(err) // crypto/rand never fails
	}
	binary.BigEndian.PutUint32(b[4:], uint32(now.Unix()))
	return requestNumbers{process: hex.EncodeToString(b[:]), count: new(atomic.Uint64)}
}

// next is the id that a proxy gave the request, if it is a decent one, else a new one.
func (n requestNumbers) next(c *fiber.Ctx) string {
	if given := c.Request().Header.Peek(requestIDHeader); len(given) > 0 && len(given) <= 64 && decent(given) {
		return string(given)
	}
	var b [40]byte
	id := append(append(b[:0], n.process...), '-')
	return string(strconv.AppendUint(id, n.count.Add(1), 36))
}

func decent(id []byte) bool {
	for _, c := range id {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}

// client is the network address that a request comes from, for limits: of IPv6 the
// /64, which one customer has for themselves.
func (r *request) client() string {
	address := origin(addressOf(r.http.Context().RemoteAddr()), r.http.Request().Header.PeekAll(fiber.HeaderXForwardedFor), r.server.proxies)
	if address.Is6() {
		return customer(address).String()
	}
	return address.String()
}

// origin is where a request comes from: the remote address or, behind proxies that are
// believed, the last address that they were called from. What stands before it in the
// header was sent by the client and may be anything.
func origin(remote netip.Addr, forwarded [][]byte, proxies []netip.Prefix) netip.Addr {
	hops := strings.Split(string(bytes.Join(forwarded, []byte(","))), ",")
	for i := len(hops) - 1; i >= 0 && believed(remote, proxies); i-- {
		before, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		remote = before.Unmap().WithZone("")
	}
	return remote
}

func believed(address netip.Addr, proxies []netip.Prefix) bool {
	return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(address) })
}

// networks reads addresses and networks; fiber, which is given the same texts, warns
// of those that are neither.
func networks(texts []string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		if prefix, err := netip.ParsePrefix(text); err == nil {
			all = append(all, prefix.Masked())
		} else if address, err := netip.ParseAddr(text); err == nil {
			all = append(all, netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()))
		}
	}
	return all
}
