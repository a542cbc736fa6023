#pragma once
#include <openssl/core_names.h>
#include <openssl/evp.h>
