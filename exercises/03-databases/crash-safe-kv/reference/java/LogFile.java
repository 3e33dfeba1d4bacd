import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** A file of records to which one thread appends, and from which any number of threads read. */
final class LogFile implements Closeable {
    private static final int READ_AHEAD = 1 << 20;
    /** A channel copies what it reads and writes through memory that stays with the thread: so never much at once. */
    private static final int PIECE = 1 << 16;

    private final FileChannel file;
    private long end = 0;

    /** What to do with a record, and where it begins. */
    interface Visitor {
        void visit(byte[] record, long at);
    }

    /** Opens the file, or creates it. Call {@link #recover} before the first append. */
    LogFile(Path path) throws IOException {
        file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
    }

    /** Where the last intact record ends and the next one begins. */
    long end() {
        return end;
    }

    /**
     * Visits all intact records. The first one that is incomplete or damaged ends the log: it is what a crash left of
     * the last write. It is cut off, or else the next record would be appended behind something unreadable.
     */
    void recover(Visitor visitor) throws IOException {
        var size = file.size();
        // Not closed, because that would close the file.
        var in = new DataInputStream(new BufferedInputStream(Channels.newInputStream(file.position(0)), READ_AHEAD));
        while (end + LogRecord.HEADER <= size) {
            var header = in.readNBytes(LogRecord.HEADER);
            var length = LogRecord.HEADER + LogRecord.payloadLength(header);
            // A damaged length may be anything: never allocate more than there is.
            if (end + length > size) {
                break;
            }
            var record = new byte[(int) length];
            System.arraycopy(header, 0, record, 0, header.length);
            in.readFully(record, header.length, record.length - header.length);
            if (!LogRecord.isIntact(record)) {
                break;
            }
            visitor.visit(record, end);
            end += length;
        }
        if (end < size) {
            file.truncate(end);
        }
    }

    /** Writes records; when it returns they are on the disk, not only in the page cache. */
    void append(List<byte[]> records) throws IOException {
        var at = end;
        try {
            for (var record : records) {
                write(record, at);
                at += record.length;
            }
            file.force(false);
        } catch (IOException e) {
            // A full disk, say: whoever waits for this write is told, and nothing of it stays behind.
            file.truncate(end);
            throw e;
        }
        end = at;
    }

    byte[] read(long at, int length) throws IOException {
        var buffer = ByteBuffer.allocate(length);
        while (buffer.position() < length) {
            buffer.limit(Math.min(length, buffer.position() + PIECE));
            if (file.read(buffer, at + buffer.position()) < 0) {
                throw new EOFException("The log ends before " + (at + length));
            }
        }
        return buffer.array();
    }

    private void write(byte[] record, long at) throws IOException {
        var buffer = ByteBuffer.wrap(record);
        while (buffer.position() < record.length) {
            buffer.limit(Math.min(record.length, buffer.position() + PIECE));
            file.write(buffer, at + buffer.position());
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
