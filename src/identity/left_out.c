// What the one static file leaves out of libxcrypt: the ways to hash a password that nobody may
// import any more (DES, NT, MD5, SHA-1, GOST), 0.1 MiB. An object of our own with the names that
// its table of methods has keeps the linker from taking the archive's. Each does nothing, after
// which crypt(3) gives the token of a failure.
#define LEFT_OUT(method)                   \
  void _crypt_crypt_##method##_rn(void);   \
  void _crypt_crypt_##method##_rn(void) {} \
  void _crypt_gensalt_##method##_rn(void); \
  void _crypt_gensalt_##method##_rn(void) {}

LEFT_OUT(bigcrypt)
LEFT_OUT(bsdicrypt)
LEFT_OUT(descrypt)
LEFT_OUT(gost_yescrypt)
LEFT_OUT(md5crypt)
LEFT_OUT(nt)
LEFT_OUT(sha1crypt)
LEFT_OUT(sunmd5)
