package cache

import "time"

// SetNow replaces the cache's clock.
func (c *DiskCache) SetNow(now func() time.Time) { c.now = now }

// SetSalt replaces the salt that every NewHash begins with.
func SetSalt(salt string) { hashSalt = []byte(salt) }
