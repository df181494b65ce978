package zone

// What tests see of the package beyond its API.

// ServePacket is the packet of Reply, or nil.
func (db *DB) ServePacket(packet []byte, udp bool, m Mode) []byte {
	r, _ := db.Reply(packet, udp, m)
	return r.Packet
}
