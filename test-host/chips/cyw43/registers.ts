// Addresses and bits of the three register spaces: F0 (bus), F1's own (0x10000 and up) and the backplane's cores.
// Names are those of the CYW43439 data sheet, "gSPI registers", and of published header files. No behaviour here.

export const FUNCTION_BUS = 0;
export const FUNCTION_BACKPLANE = 1;
export const FUNCTION_PACKETS = 2;

/** F0. */
export const BUS_CONTROL = 0x00;
export const RESPONSE_DELAY = 0x01;
export const STATUS_ENABLE = 0x02;
export const RESET_BP = 0x03;
export const INTERRUPT = 0x04;
export const INTERRUPT_ENABLE = 0x06;
export const STATUS = 0x08;
export const FUNCTION1_INFO = 0x0c;
export const FUNCTION2_INFO = 0x0e;
export const FUNCTION3_INFO = 0x10;
export const TEST = 0x14;
export const TEST_RW = 0x18;
export const RESP_DELAY_F0 = 0x1c;
export const RESP_DELAY_F1 = 0x1d;
export const BUS_REGISTERS = 0x20;
/** The card capability register of the chip's SDIO side; drivers for both write it. */
export const CARD_CAPABILITY = 0xf0;

export const TEST_PATTERN = 0xfeedbead;

/** BUS_CONTROL. */
export const WORD_LENGTH_32 = 0x01;
export const ENDIAN_BIG = 0x02;
export const HIGH_SPEED = 0x10;
export const INTERRUPT_POLARITY_HIGH = 0x20;
export const WAKE_UP = 0x80;

/** STATUS_ENABLE. */
export const STATUS_ENABLED = 0x01;
export const INTR_WITH_STATUS = 0x02;
export const RESP_DELAY_ALL = 0x04;
export const DWORD_PKT_LEN = 0x08;
export const CMD_ERR_CHK = 0x20;
export const DATA_ERR_CHK = 0x40;

/** INTERRUPT and INTERRUPT_ENABLE. */
export const INT_DATA_UNAVAILABLE = 0x0001;
export const INT_FIFO_RD_UNDERFLOW = 0x0002;
export const INT_FIFO_WR_OVERFLOW = 0x0004;
export const INT_COMMAND_ERROR = 0x0008;
export const INT_DATA_ERROR = 0x0010;
export const INT_F2_PACKET_AVAILABLE = 0x0020;
export const INT_F1_OVERFLOW = 0x0080;
export const INT_F1 = 0x2000;
export const INT_F2 = 0x4000;

/** STATUS. */
export const STATUS_DATA_NOT_AVAILABLE = 0x01;
export const STATUS_UNDERFLOW = 0x02;
export const STATUS_OVERFLOW = 0x04;
export const STATUS_F2_INTERRUPT = 0x08;
export const STATUS_F2_RX_READY = 0x20;
export const STATUS_HOST_ERROR = 0x80;
export const STATUS_F2_PKT_AVAILABLE = 0x100;
export const STATUS_F2_LENGTH_SHIFT = 9;
export const STATUS_F2_LENGTH_MASK = 0x7ff;

/** FUNCTIONn_INFO. */
export const INFO_ENABLED = 0x01;
export const INFO_READY = 0x02;
export const INFO_SIZE_SHIFT = 2;

/** Longest transfers, bytes. */
export const F1_MAX = 64;
export const F2_MAX = 2048;

/** F1's own registers, by their offset from 0x10000. */
export const F1_REGISTERS = 0x10000;
export const WATERMARK = 0x08;
export const DEVICE_CONTROL = 0x09;
export const WINDOW_LOW = 0x0a;
export const WINDOW_MID = 0x0b;
export const WINDOW_HIGH = 0x0c;
export const FRAME_CONTROL = 0x0d;
export const CHIP_CLOCK_CSR = 0x0e;
export const PULL_UP = 0x0f;
export const WAKEUP_CTRL = 0x1e;
export const SLEEP_CSR = 0x1f;

/** FRAME_CONTROL. */
export const READ_TERMINATE = 0x01;
export const WRITE_TERMINATE = 0x02;

/** CHIP_CLOCK_CSR. */
export const FORCE_ALP = 0x01;
export const FORCE_HT = 0x02;
export const ALP_AVAIL_REQ = 0x08;
export const HT_AVAIL_REQ = 0x10;
export const FORCE_HW_CLKREQ_OFF = 0x20;
export const ALP_AVAIL = 0x40;
export const HT_AVAIL = 0x80;

/** SLEEP_CSR. */
export const KEEP_SDIO_ON = 0x01;
export const DEVICE_ON = 0x02;

/** Backplane accesses below 0x10000: place in the window, and the flag of 2- and 4-byte accesses. */
export const WINDOW_SIZE = 0x8000;
export const WORD_FLAG = 0x8000;

export const RAM_SIZE = 0x80000;
export const CHIP_ID = 43439;

export const CHIPCOMMON = 0x18000000;
export const SDIO_CORE = 0x18002000;
export const ARM_CORE = 0x18003000;
export const SOCSRAM_CORE = 0x18004000;
export const CORE_SIZE = 0x1000;
export const CORE_COUNT = 5;
/** From a core's registers to those of its wrapper. */
export const WRAPPER = 0x100000;

/** SDIO core. */
export const INT_STATUS = SDIO_CORE + 0x20;
export const INT_HOST_MASK = SDIO_CORE + 0x24;
export const TO_SB_MAILBOX = SDIO_CORE + 0x40;
export const TO_SB_MAILBOX_DATA = SDIO_CORE + 0x48;
export const TO_HOST_MAILBOX_DATA = SDIO_CORE + 0x4c;

/** INT_STATUS: the chip has put something into TO_HOST_MAILBOX_DATA. */
export const INT_HOST_MAILBOX = 0x80;
/** TO_HOST_MAILBOX_DATA. */
export const FIRMWARE_HALTED = 0x10;

export const BANKX_INDEX = SOCSRAM_CORE + 0x10;
export const BANKX_PDA = SOCSRAM_CORE + 0x44;

/** Wrapper registers, by their offset. */
export const IOCTRL = 0x408;
export const RESETCTRL = 0x800;
export const CLOCK_EN = 0x01;
export const FORCE_GATED_CLOCKS = 0x02;
export const CPU_HALT = 0x20;
export const IN_RESET = 0x01;
