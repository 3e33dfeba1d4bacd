import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * How changes lie in the log. A record is one batch, so that a batch is valid as a whole or not at all:
 *
 * <pre>
 * record   crc32 (4 bytes) | length of the payload (4) | payload
 * payload  for each change: kind (1) | length of the key (2) | length of the value (4) | key | value
 * </pre>
 *
 * The checksum covers everything after itself. It is the only proof that all bytes of a record reached the disk: after a
 * power failure a file can have its full length and zeros at its end.
 */
final class LogRecord {
    static final int HEADER = 8;
    private static final int CHANGE_HEADER = 7;
    private static final byte PUT = 1;
    private static final byte DELETE = 2;

    private LogRecord() {}

    /** A change in the log: {@code at} is where its value begins, counted from the start of the payload. */
    record Stored(String key, boolean deleted, int at, int length, int size) {}

    static byte[] encode(List<Change> changes) {
        var keys = changes.stream().map(change -> change.key().getBytes(StandardCharsets.UTF_8)).toList();
        var size = HEADER;
        for (var i = 0; i < changes.size(); i++) {
            size += CHANGE_HEADER + keys.get(i).length + lengthOf(changes.get(i).value());
        }
        var record = ByteBuffer.allocate(size).position(HEADER);
        for (var i = 0; i < changes.size(); i++) {
            var value = changes.get(i).value();
            record.put(value == null ? DELETE : PUT);
            record.putShort((short) keys.get(i).length).putInt(lengthOf(value)).put(keys.get(i));
            if (value != null) {
                record.put(value);
            }
        }
        record.putInt(4, size - HEADER);
        record.putInt(0, checksum(record.array()));
        return record.array();
    }

    /** The length of the payload that a record header announces; more than any file has if it is damaged. */
    static long payloadLength(byte[] header) {
        return Integer.toUnsignedLong(ByteBuffer.wrap(header).getInt(4));
    }

    /** Whether all bytes of a record are those that were written. */
    static boolean isIntact(byte[] record) {
        return ByteBuffer.wrap(record).getInt(0) == checksum(record);
    }

    static List<Stored> decode(byte[] record) {
        var changes = new ArrayList<Stored>();
        var buffer = ByteBuffer.wrap(record).position(HEADER);
        while (buffer.hasRemaining()) {
            var deleted = buffer.get() == DELETE;
            int keyLength = buffer.getShort();
            var length = buffer.getInt();
            var key = new String(record, buffer.position(), keyLength, StandardCharsets.UTF_8);
            var at = buffer.position() + keyLength;
            changes.add(new Stored(key, deleted, at - HEADER, length, CHANGE_HEADER + keyLength + length));
            buffer.position(at + length);
        }
        return changes;
    }

    private static int lengthOf(byte[] value) {
        return value == null ? 0 : value.length;
    }

    private static int checksum(byte[] record) {
        var crc = new CRC32();
        crc.update(record, 4, record.length - 4);
        return (int) crc.getValue();
    }
}
